import { describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { getTableColumns } from 'drizzle-orm'
import {
  auditColumnNames,
  type AuditIntent,
  type AuditOutcome,
  canonicalText,
  firstHash,
  hashOf,
  headText,
  readHead,
  textsOf,
} from '../../../src/operators/audit-entry.ts'
import { auditLog } from '../../../src/operators/audit-tables.ts'

const atMs = Date.parse('2026-11-28T13:05:12.120Z')

const intent: AuditIntent = {
  atMs,
  principalKind: 'operator',
  principal: 'admin',
  actingAs: null,
  remoteAddress: '192.0.2.1',
  requestId: 'r-1',
  operation: 'deleteChargePoint',
  chargePoint: { key: 7, identity: 'CP001' },
  request: { json: '{"params":{"chargePointId":"CP001"}}', idTags: ['idTag:b', 'idTag:a', 'idTag:b'] },
}

const outcome: AuditOutcome = {
  outcomeOf: 1,
  atMs,
  chargePoint: null,
  before: { json: '{"a":1}', idTags: ['idTag:c'] },
  after: null,
  idTags: ['idTag:d'],
  status: 204,
  code: null,
}

describe('an entry of the audit log', () => {
  test('has a canonical text of all columns that are not null, in one order, with their names', () => {
    expect(canonicalText(textsOf(intent, 'csms-1:8080', 1))).toBe(
      '[["node","csms-1:8080"],["sequence","1"],["at","1795871112.120000"],["principal_kind","operator"],["principal","admin"],' +
        '["remote_address","192.0.2.1"],["request_id","r-1"],["operation","deleteChargePoint"],["charge_point_id","7"],' +
        '["identity","CP001"],["request","{\\"params\\":{\\"chargePointId\\":\\"CP001\\"}}"],["id_tags","idTag:a idTag:b"]]',
    )
    expect(canonicalText(textsOf(outcome, 'csms-1:8080', 2))).toBe(
      '[["node","csms-1:8080"],["sequence","2"],["outcome_of","1"],["at","1795871112.120000"],["before","{\\"a\\":1}"],' +
        '["status","204"],["id_tags","idTag:c idTag:d"]]',
    )
  })

  test('has the SHA-256 of the hash before it and its canonical text', () => {
    const texts = textsOf(intent, 'csms-1:8080', 1)
    const expected = createHash('sha256').update(new Uint8Array(32)).update(canonicalText(texts)).digest('hex')
    expect(hashOf(firstHash, texts).toString('hex')).toBe(expected)
    expect(hashOf(Buffer.alloc(32, 1), texts).toString('hex')).not.toBe(expected)
  })

  test('is hashed with every column of its table except the hash itself', () => {
    const columns = Object.values(getTableColumns(auditLog)).map(({ name }) => name)
    expect([...auditColumnNames, 'hash'].toSorted()).toEqual(columns.toSorted())
  })

  test('has texts that PostgreSQL stores as they are', () => {
    const odd = textsOf({ ...intent, principal: 'a\u0000b\ud800' }, 'csms-1:8080', 1)
    expect(odd.principal).toBe('a\ufffdb\ufffd')
  })
})

describe('a head', () => {
  test('is read as it was written, with colons in the name of its node', () => {
    const head = { node: 'csms-1:8080', sequence: 42, hash: Buffer.alloc(32, 0xab) }
    expect(headText(head)).toBe(`csms-1:8080:42:${'ab'.repeat(32)}`)
    expect(readHead(headText(head))).toEqual(head)
  })

  test.each([
    '',
    'csms-1:8080',
    `csms-1:x:${'ab'.repeat(32)}`,
    `csms-1:8080:42:${'ab'.repeat(31)}`,
    `:1:${'ab'.repeat(32)}`,
  ])('is not read from %p', (text) => {
    expect(readHead(text)).toBeNull()
  })
})
