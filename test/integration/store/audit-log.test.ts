// The audit log: a chain for each node, without a gap over restarts, and every interference with it is found.

import { afterAll, expect, test } from 'bun:test'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClientBase } from 'pg'
import { auditEntriesWaitingMax, auditHeadLogMs } from '../../../src/base/limits.ts'
import { auditColumnNames, headText } from '../../../src/operators/audit-entry.ts'
import type { AuditFilter } from '../../../src/operators/audit-records.ts'
import { deleteOldAudit } from '../../../src/store/audit/retention.ts'
import { startMaintenance } from '../../../src/store/maintenance.ts'
import { auditIntent, auditOutcome, headFolder, openAuditLog, verified } from '../../support/audit.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { maintenanceOf } from '../../support/maintenance.ts'
import { describeStore } from '../../support/store.ts'
import { until } from '../../support/until.ts'

const { folder, remove } = headFolder()
afterAll(remove)

const dayMs = 86_400_000

describeStore('the audit log', (store, provider) => {
  /** Runs `work` in a transaction that is rolled back. */
  async function tampered(work: (client: ClientBase) => Promise<void>): Promise<void> {
    const client = await store().database.restPool.connect()
    try {
      await client.query('BEGIN')
      await work(client)
    } finally {
      await client.query('ROLLBACK')
      client.release()
    }
  }

  /** A chain of `requests` requests, each with its outcome. */
  async function chainOf(node: string, requests: number) {
    const log = await openAuditLog(store().database, folder, node)
    for (let request = 0; request < requests; request++) await log.append(auditOutcome(await log.append(auditIntent())))
    await log.stop()
    return log.head
  }

  const name = (node: string): string => `${provider}-${node}:8080`

  test('continues the chain of its node after a restart, and of another node from its own begin', async () => {
    const node = name('restarted')
    for (const expected of [1, 2, 3]) {
      const log = await openAuditLog(store().database, folder, node)
      expect(await log.append(auditIntent())).toBe(expected)
      await log.stop()
      await expect(log.append(auditIntent())).rejects.toMatchObject({ code: 'SHUTTING_DOWN' })
    }
    expect(await (await openAuditLog(store().database, folder, name('other'))).append(auditIntent())).toBe(1)
    await tampered(async (client) => {
      const chains = await verified(client)
      expect(chains[node]).toMatchObject({ rightCount: 3, problem: null })
      expect(chains[name('other')]).toMatchObject({ rightCount: 1, problem: null })
    })
  })

  test('commits what waits in few statements, in order', async () => {
    const log = await openAuditLog(store().database, folder, name('waiting'))
    const sequences = await Promise.all(Array.from({ length: 400 }, () => log.append(auditIntent())))
    expect(sequences).toEqual(Array.from({ length: 400 }, (_, index) => index + 1))
    const { rows } = await store().database.restPool.query(
      'SELECT count(DISTINCT xmin::text)::int4 AS commits FROM audit_log WHERE node = $1',
      [name('waiting')],
    )
    expect(rows[0].commits).toBeLessThan(5)
  })

  test('refuses an entry when too many wait, and has none of it', async () => {
    const log = await openAuditLog(store().database, folder, name('full'))
    const appended = Array.from({ length: auditEntriesWaitingMax + 5 }, () =>
      log.append(auditIntent()).then(
        () => 'stored',
        (error: unknown) => Object(error).code,
      ),
    )
    const outcomes = await Promise.all(appended)
    expect(outcomes.filter((outcome) => outcome === 'STORE_QUEUE_FULL')).toHaveLength(5)
    expect(log.head.sequence).toBe(auditEntriesWaitingMax)
  })

  test('loses no entry if two processes have one name', async () => {
    const node = name('twins')
    const twins = await Promise.all([1, 2].map(() => openAuditLog(store().database, folder, node)))
    const appended = await Promise.all(
      twins.map(async (twin) => {
        const sequences: number[] = []
        for (let entry = 0; entry < 60; entry++) sequences.push(await twin.append(auditIntent()))
        return sequences
      }),
    )
    expect(appended.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: 120 }, (_, index) => index + 1))
    await tampered(async (client) => {
      expect((await verified(client))[node]).toMatchObject({ rightCount: 120, problem: null })
    })
  })

  test('a change of any column of any entry is found', async () => {
    const node = name('changed')
    await chainOf(node, 3)
    const other: Readonly<Record<string, string>> = {
      node: `'${name('stolen')}'`,
      sequence: '100',
      outcome_of: '99',
      at: `at + interval '1 microsecond'`,
      charge_point_id: '8',
      request: `'{"body":{"status":"Blocked" }}'`,
      before: `'{"status":"Accepted" }'`,
      after: `'{"status":"Unknown"}'`,
      status: '200',
      hash: `decode(repeat('ab', 32), 'hex')`,
    }
    for (const column of [...auditColumnNames, 'hash']) {
      for (const sequence of [3, 4]) {
        await tampered(async (client) => {
          const set = `"${column}" = ${other[column] ?? `'changed'`}`
          await client.query(`UPDATE audit_log SET ${set} WHERE node = $1 AND sequence = $2`, [node, sequence])
          const found = (await verified(client))[node]
          expect({ column, sequence, problem: found?.problem?.sequence, right: found?.rightCount }).toEqual({
            column,
            sequence,
            problem: sequence,
            right: sequence - 1,
          })
        })
      }
    }
  })

  test('an entry that was taken out of the middle, or put in, is found', async () => {
    const node = name('gap')
    await chainOf(node, 3)
    await tampered(async (client) => {
      await client.query('DELETE FROM audit_log WHERE node = $1 AND sequence IN (3, 4)', [node])
      expect((await verified(client))[node]).toMatchObject({
        rightCount: 2,
        problem: { sequence: 3, sentence: '3 to 4 are missing, and later entries are there' },
      })
    })
    await tampered(async (client) => {
      await client.query('DELETE FROM audit_log WHERE node = $1 AND sequence = 1', [node])
      expect((await verified(client))[node]).toMatchObject({
        problem: { sequence: 1, sentence: '1 is missing, and retention has not deleted them' },
      })
    })
    await tampered(async (client) => {
      await client.query(
        `INSERT INTO audit_log (node, sequence, at, hash) SELECT node, 0, at, hash FROM audit_log
         WHERE node = $1 AND sequence = 1`,
        [node],
      )
      expect((await verified(client))[node]).toMatchObject({ problem: { sequence: 0 } })
    })
    await tampered(async (client) => {
      await client.query('DELETE FROM audit_anchors WHERE node = $1', [node])
      expect((await verified(client))[node]).toMatchObject({ rightCount: 6, problem: null })
    })
  })

  test('an end that was cut off is found by the exported head, and stays found when the node goes on', async () => {
    const node = name('cut')
    const head = await chainOf(node, 3)
    expect(head.sequence).toBe(6)
    await tampered(async (client) => {
      expect((await verified(client, [head]))[node]).toMatchObject({ rightCount: 6, problem: null })
      expect((await verified(client, [{ ...head, hash: Buffer.alloc(32) }]))[node]).toMatchObject({
        rightCount: 5,
        problem: { sequence: 6 },
      })
      await client.query('DELETE FROM audit_log WHERE node = $1 AND sequence > 4', [node])
      expect((await verified(client))[node]?.problem).toBeNull()
      expect((await verified(client, [head]))[node]).toMatchObject({ rightCount: 4, problem: { sequence: 5 } })
      await client.query('DELETE FROM audit_log WHERE node = $1', [node])
      await client.query('DELETE FROM audit_anchors WHERE node = $1', [node])
      expect((await verified(client, [head]))[node]).toMatchObject({ rightCount: 0, problem: { sequence: 1 } })
    })
    await store().database.restPool.query('DELETE FROM audit_log WHERE node = $1 AND sequence > 4', [node])
    const complaints: string[] = []
    const log = await openAuditLog(store().database, folder, node, {
      log: { info: () => {}, warn: () => {}, error: (...line) => void complaints.push(String(line.at(-1))) },
    })
    expect(complaints).toHaveLength(1)
    expect(await log.append(auditIntent())).toBe(7)
    await tampered(async (client) => {
      expect((await verified(client))[node]).toMatchObject({ rightCount: 4, problem: { sequence: 5 } })
    })
  })

  test('an entry that was replaced with all after it stays found when the node goes on', async () => {
    const node = name('replaced')
    const parts = { log: { info: () => {}, warn: () => {}, error: () => {} } }
    await chainOf(node, 1)
    await store().database.restPool.query('DELETE FROM audit_log WHERE node = $1', [node])
    const elsewhere = headFolder()
    const forger = await openAuditLog(store().database, elsewhere.folder, node)
    for (let entry = 0; entry < 3; entry++) await forger.append(auditIntent({ principal: 'nobody' }))
    await forger.stop()
    elsewhere.remove()
    const log = await openAuditLog(store().database, folder, node, parts)
    expect(await log.append(auditIntent())).toBe(4)
    await log.stop()
    await tampered(async (client) => {
      expect((await verified(client))[node]).toMatchObject({ rightCount: 3, problem: { sequence: 4 } })
    })
  })

  test('exports at its start what a killed process has not, and removes what that one left', async () => {
    const node = name('killed')
    const head = await chainOf(node, 1)
    const file = join(folder, 'audit-heads', `${node.replaceAll(/[^\w.-]/g, '_')}.txt`)
    rmSync(file)
    writeFileSync(`${file}.left`, '')
    const log = await openAuditLog(store().database, folder, node)
    expect(readFileSync(file, 'utf8')).toBe(`${headText(head)}\n`)
    expect(existsSync(`${file}.left`)).toBe(false)
    await log.stop()
  })

  test('exports its head into a private file after each commit, and into the log now and then', async () => {
    const node = name('head')
    const clock = new HandClock()
    const logged: unknown[] = []
    const log = await openAuditLog(store().database, folder, node, {
      clock,
      log: { info: (...line) => void logged.push(line[0]), warn: () => {}, error: () => {} },
    })
    const file = join(folder, 'audit-heads', `${node.replaceAll(/[^\w.-]/g, '_')}.txt`)
    await log.append(auditIntent())
    const written = () => (existsSync(file) ? readFileSync(file, 'utf8') : '')
    await until('the head to be in its file', () => written() === `${headText(log.head)}\n`)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(statSync(join(folder, 'audit-heads')).mode & 0o777).toBe(0o700)
    await log.append(auditIntent())
    expect(logged).toEqual([])
    clock.pass(auditHeadLogMs)
    expect(logged).toEqual([{ detail: { head: headText(log.head) } }])
    clock.pass(10 * auditHeadLogMs)
    expect(logged).toHaveLength(1)
    await log.append(auditIntent())
    await log.stop()
    expect(logged).toHaveLength(2)
    expect(written()).toBe(`${headText(log.head)}\n`)
    expect(await store().queries.auditHeads()).toContainEqual(log.head)
  })

  test('retention deletes the oldest entries, and what it keeps of them fits the rest', async () => {
    const node = name('old')
    const nowMs = Date.now()
    const log = await openAuditLog(store().database, folder, node)
    for (const days of [400, 400, 380, 399, 10, 390, 1]) await log.append(auditIntent({ atMs: nowMs - days * dayMs }))
    await log.stop()
    const stop = startMaintenance(maintenanceOf(store().database, new HandClock(nowMs), { auditLogDays: 385 }))
    const left = async (): Promise<number[]> => {
      const { rows } = await store().database.restPool.query<{ sequence: number }>(
        'SELECT sequence FROM audit_log WHERE node = $1 ORDER BY sequence',
        [node],
      )
      return rows.map(({ sequence }) => sequence)
    }
    await until('the oldest entries to be deleted', async () => (await left())[0] === 3)
    await stop()
    // Entry 4 is old, but one before it is not: the chain stays one piece.
    expect(await left()).toEqual([3, 4, 5, 6, 7])
    await tampered(async (client) => {
      expect((await verified(client, [log.head]))[node]).toMatchObject({ rightCount: 5, problem: null })
      const early = { node, sequence: 1, hash: Buffer.alloc(32) }
      expect((await verified(client, [early]))[node]).toMatchObject({ problem: null, uncomparable: [early] })
      const wrong = { node, sequence: 2, hash: Buffer.alloc(32) }
      expect((await verified(client, [wrong]))[node]).toMatchObject({ problem: { sequence: 2 } })
    })
    await tampered(async (client) => {
      await client.query('DELETE FROM audit_log WHERE node = $1 AND sequence <= 5', [node])
      expect((await verified(client))[node]).toMatchObject({ rightCount: 0, problem: { sequence: 3 } })
    })
    await tampered(async (client) => {
      await client.query(`UPDATE audit_anchors SET hash = decode(repeat('ab', 32), 'hex') WHERE node = $1`, [node])
      expect((await verified(client))[node]).toMatchObject({ rightCount: 0, problem: { sequence: 3 } })
    })
    expect(await deleteOldAudit(store().database.upkeepPool, nowMs)).toBeGreaterThan(4)
    const next = await openAuditLog(store().database, folder, node)
    expect(await next.append(auditIntent())).toBe(8)
    await tampered(async (client) => {
      expect((await verified(client))[node]).toMatchObject({ rightCount: 1, problem: null })
    })
  })

  test('lists a request and its outcome as one, newest first, by every filter', async () => {
    const log = await openAuditLog(store().database, folder, name('listed'))
    const atMs = Date.parse('2027-01-01T00:00:00Z')
    const list = async (filter: Partial<AuditFilter>) =>
      (await store().queries.listAuditLog({ scope: 'all', fromMs: atMs, ...filter }, { page: 1, pageSize: 10 })).items
    const first = await log.append(auditIntent({ atMs, principal: 'first', operation: 'resetChargePoint' }))
    const second = await log.append(
      auditIntent({ atMs: atMs + 1, request: { json: '{}', idTags: ['idTag:1'] }, chargePoint: null }),
    )
    const third = await log.append(auditIntent({ atMs: atMs + 2, chargePoint: { key: null, identity: 'CP009' } }))
    const chargePoint = { key: 8, identity: 'CP008' }
    const end = await log.append(
      auditOutcome(second, { atMs: atMs + 5, idTags: ['idTag:2'], chargePoint, status: 200, code: null }),
    )
    await log.append(auditOutcome(first, { status: 503, code: 'STORE_UNAVAILABLE' }))
    const all = await list({})
    expect(all.map(({ sequence }) => sequence)).toEqual([third, second, first])
    expect(all[1]).toEqual({
      ...{ node: name('listed'), sequence: second, outcomeSequence: end, atMs: atMs + 1, endedAtMs: atMs + 5 },
      ...{ principalKind: 'operator', principal: 'admin', actingAs: 'CP002', remoteAddress: '192.0.2.1' },
      ...{ requestId: 'r-1', operation: 'changeIdTag', chargePointKey: 8, identity: 'CP008', request: {} },
      ...{ before: { status: 'Accepted' }, after: { status: 'Blocked' }, outcome: 'done', status: 200, code: null },
    })
    const found = async (filter: Parameters<typeof list>[0]) => (await list(filter)).map(({ sequence }) => sequence)
    expect(await found({ principal: 'first' })).toEqual([first])
    expect(await found({ operation: 'resetChargePoint' })).toEqual([first])
    expect(await found({ identity: 'CP009' })).toEqual([third])
    expect(await found({ identity: 'CP008' })).toEqual([second])
    expect(await found({ outcome: 'done' })).toEqual([second])
    expect(await found({ outcome: 'failed' })).toEqual([first])
    expect(await found({ outcome: 'unknown' })).toEqual([third])
    expect(await found({ idTagDigests: ['idTag:1'] })).toEqual([second])
    expect(await found({ idTagDigests: ['idTag:0', 'idTag:2'] })).toEqual([second])
    expect(await found({ scope: { chargePointKey: 8 } })).toEqual([second])
    expect(await found({ scope: { groups: [1] } })).toEqual([])
    expect(await found({ toMs: atMs + 1, fromMs: atMs + 1 })).toEqual([second])
  })
})
