// Many charge points and id tags in one request, as JSON and as CSV, and the CSV files of their lists.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { handshakeAnswer } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

let stator: TestStator

beforeAll(async () => {
  stator = await TestStator.start()
})

afterAll(() => stator.stop())

const csvHeaders = { 'Content-Type': 'text/csv' }

const ofChargePoints = (body: unknown, query = '') => stator.api(`/api/chargepoints:batch${query}`, { body })
const csvOfChargePoints = (body: string, query = '') =>
  stator.api(`/api/chargepoints:batch${query}`, { body, headers: csvHeaders })
const csvOfIdTags = (body: string, query = '', headers = csvHeaders) =>
  stator.api(`/api/id-tags:batch${query}`, { body, headers })

async function fileOf(path: string): Promise<string> {
  const { status, body } = await stator.api(path)
  expect([path, status]).toEqual([path, 200])
  return String(body['text'])
}

/** The status of a handshake with this password. */
async function knocking(identity: string, password: string): Promise<number> {
  return (await handshakeAnswer({ url: stator.ocppUrl, identity, password })).status
}

describe('a batch', () => {
  test('creates and changes charge points, says which, and leaves out fields alone', async () => {
    await stator.provision('B-OLD', { location: 'Here', strictness: 'strict' })
    const lines = [
      { chargePointId: 'B-NEW', password: 'password-of-new' },
      { chargePointId: 'B-OLD', location: 'There' },
    ]
    expect(await ofChargePoints(lines)).toMatchObject({
      status: 200,
      body: {
        ...{ totalCount: 2, created: 1, changed: 1, unchanged: 0, failed: 0 },
        lines: [
          { line: 1, id: 'B-NEW', result: 'created' },
          { line: 2, id: 'B-OLD', result: 'changed' },
        ],
      },
    })
    expect(await ofChargePoints(lines)).toMatchObject({ body: { created: 0, changed: 0, unchanged: 2 } })
    expect(await stator.json('/api/chargepoints/B-OLD')).toMatchObject({
      ...{ location: 'There', strictness: 'strict', hasPassword: true },
    })
    expect(await stator.json('/api/chargepoints/B-NEW')).toMatchObject({ strictness: 'lenient', location: null })
    expect(await knocking('B-NEW', 'password-of-new')).toBe(101)
  })

  test('stores nothing when one line is wrong, and says which line, field and value', async () => {
    const csv = 'chargePointId,timeZone,password\n"B-A",,\n\nB-B,Berlin,\nB-C,,"\u0007secret-password"\n'
    const { status, body } = await csvOfChargePoints(csv)
    expect(status).toBe(400)
    expect(body).toMatchObject({
      code: 'BATCH_INVALID',
      details: {
        totalCount: 2,
        errors: [
          { line: 4, id: 'B-B', field: 'timeZone', value: 'Berlin', issue: expect.stringContaining('Europe/Berlin') },
          { line: 5, id: 'B-C', field: 'password' },
        ],
      },
    })
    expect(JSON.stringify(body)).not.toContain('secret')
    expect((await stator.api('/api/chargepoints/B-A')).status).toBe(404)
  })

  test('stores the other lines with partial=true', async () => {
    const csv = 'idTag;status;expiryDate\r\nP-1;Blocked;2027-12-31\r\nP-2;Lost;\r\nP-3;;\r\n'
    expect(await csvOfIdTags(csv, '?partial=true')).toMatchObject({
      status: 200,
      body: {
        ...{ totalCount: 3, created: 2, failed: 1 },
        lines: [
          { line: 2, result: 'created' },
          { line: 3, id: 'P-2', result: 'failed', errors: [{ field: 'status', value: 'Lost' }] },
          { line: 4, result: 'created' },
        ],
      },
    })
    expect(await stator.json('/api/id-tags/P-1')).toMatchObject({
      ...{ status: 'Blocked', expiryDate: '2027-12-31T00:00:00.000Z' },
    })
    expect(await stator.json('/api/id-tags/P-3')).toMatchObject({ status: 'Accepted', expiryDate: null })
  })

  test('is refused with 409 when all errors are conflicts, and with 400 when not', async () => {
    await stator.provision('B-Case')
    const alike = { chargePointId: 'B-CASE' }
    expect(await ofChargePoints([alike, { chargePointId: 'B-FREE' }])).toMatchObject({
      status: 409,
      body: { details: { totalCount: 1, errors: [{ line: 1, id: 'B-CASE', field: 'chargePointId' }] } },
    })
    expect(await ofChargePoints([alike, { chargePointId: 'B-FREE', strictness: 'very' }])).toMatchObject({
      status: 400,
      body: { details: { totalCount: 2 } },
    })
    expect((await stator.api('/api/chargepoints/B-FREE')).status).toBe(404)
    expect(await ofChargePoints([alike, { chargePointId: 'B-FREE' }], '?partial=true')).toMatchObject({
      body: { created: 1, failed: 1, lines: [{ result: 'failed' }, { result: 'created' }] },
    })
  })

  test('refuses the later of two lines about the same one', async () => {
    expect(await csvOfIdTags('idTag\nTWICE\nOther\ntwice\n')).toMatchObject({
      status: 400,
      body: {
        details: { errors: [{ line: 4, id: 'twice', field: 'idTag', issue: expect.stringContaining('Line 2') }] },
      },
    })
  })

  test('finds an id tag in whatever letter case, and keeps its spelling', async () => {
    await stator.addIdTag('Spelt')
    expect(await csvOfIdTags('idTag,status\nSPELT,Blocked\n')).toMatchObject({ body: { changed: 1, created: 0 } })
    expect(await stator.json('/api/id-tags/spelt')).toMatchObject({ idTag: 'Spelt', status: 'Blocked' })
  })

  test('lists the first 1,000 errors, and says how many there are', async () => {
    const lines = Array.from({ length: 1_500 }, (_, i) => ({ chargePointId: `B:${i}` }))
    const { body } = await ofChargePoints(lines)
    expect(body['message']).toContain('the first 1000 of 1500 errors')
    expect(body['details']).toMatchObject({ totalCount: 1_500, errors: { length: 1_000 } })
  })

  test('is for operators only', async () => {
    await stator.provision('B-OWN')
    const credentials = { basic: ['B-OWN', 'secretpassword'] as const }
    expect((await stator.api('/api/chargepoints:batch', { body: [], ...credentials })).status).toBe(403)
    expect((await stator.api('/api/id-tags.csv', credentials)).status).toBe(403)
  })
})

describe('a hostile or broken file', () => {
  test.each([
    ['a quote that is never closed', 'idTag\nA\n"B\nC\n', { line: 3, field: 'body' }],
    ['a quote within a cell', 'idTag\nA\nB"C\n', { line: 3, field: 'body' }],
    ['text after a quote', 'idTag\n"A"B\n', { line: 2, field: 'body' }],
    ['U+0000 in a cell', 'idTag\nA\0\n', { line: 2, field: 'idTag' }],
    ['a column twice', 'idTag,status,status\nA,,\n', { line: 1, field: 'status' }],
    ['an unknown column', 'idTag,statuz\nA,\n', { line: 1, issue: expect.stringContaining("'status'") }],
    ['a column of a prototype', 'idTag,__proto__,constructor\nA,B,C\n', { line: 1, field: '__proto__' }],
    ['no identity', 'status\nAccepted\n', { line: 1, field: 'idTag' }],
    ['a line that lost a cell', 'idTag,status\nA\n', { line: 2, field: 'body' }],
    ['a cell too many', 'idTag,status\nA,Accepted,B\n', { line: 2, field: 'body' }],
    ['a line end within quotes before it', 'idTag,parentIdTag\r\nA,"x\r\ny"\r\n:,"\u0001"\r\n', { line: 2 }],
    ['nothing', '\n\n', { line: 1, field: 'body' }],
  ])('is refused with the line: %s', async (_what, csv, error) => {
    const { status, body } = await csvOfIdTags(csv)
    expect([status, body['details']]).toMatchObject([
      400,
      { errors: expect.arrayContaining([expect.objectContaining(error)]) },
    ])
    expect((await stator.api('/api/id-tags/A')).status).toBe(404)
  })

  test('is read in the encoding that it declares, and refused in another', async () => {
    const bytes = new Uint8Array([...Buffer.from('chargePointId,location\nB-LATIN,Geb'), 0xe4, ...Buffer.from('ude\n')])
    const send = async (type: string) => {
      const headers = { 'Content-Type': type, 'X-API-Key': 'test-admin-key' }
      return (await fetch(`${stator.url}/api/chargepoints:batch`, { method: 'POST', headers, body: bytes })).status
    }
    expect(await send('text/csv')).toBe(400)
    expect(await send('text/csv; charset=windows-1252')).toBe(200)
    expect(await stator.json('/api/chargepoints/B-LATIN')).toMatchObject({ location: 'Gebäude' })
  })

  test('of another kind is refused with what is expected', async () => {
    for (const body of [{}, '{"chargePointId"', 'idTag\nA\n', null]) {
      const answer = await stator.api('/api/id-tags:batch', { body })
      expect([answer.status, answer.body['details']]).toMatchObject([
        400,
        { issue: expect.stringContaining('text/csv') },
      ])
    }
  })
})

describe('a changed charge point', () => {
  test('is disconnected by other credentials only, and comes back with them', async () => {
    const raw = await stator.bootedRaw('B-LIVE')
    const idle = await stator.bootedRaw('B-IDLE')
    const lines = (password: string) => [
      { chargePointId: 'B-LIVE', password },
      { chargePointId: 'B-IDLE', password: 'secretpassword' },
    ]
    expect(await ofChargePoints(lines('secretpassword'))).toMatchObject({ body: { unchanged: 2 } })
    await raw.call('Heartbeat', {})
    expect(await ofChargePoints(lines('another-password'))).toMatchObject({ body: { unchanged: 1, changed: 1 } })
    await until('the socket is closed', async () => raw.closing)
    expect(raw.closing).toMatchObject({ code: 1008 })
    await idle.call('Heartbeat', {})
    expect(await knocking('B-LIVE', 'secretpassword')).toBe(401)
    expect(await knocking('B-LIVE', 'another-password')).toBe(101)
    expect(await stator.json('/api/chargepoints/B-LIVE')).toMatchObject({
      lastDisconnect: { reason: 'Credentials or rules of access changed' },
    })
  })

  test('is disconnected and refused once it is blocked, and its security profile is never lowered', async () => {
    const raw = await stator.bootedRaw('B-BLOCK')
    expect(await csvOfChargePoints('chargePointId,blocked\nB-BLOCK,TRUE\n')).toMatchObject({ body: { changed: 1 } })
    await until('the socket is closed', async () => raw.closing)
    expect(await knocking('B-BLOCK', 'secretpassword')).toBe(403)
    const csv = (profile: string) => `chargePointId,minSecurityProfile,blocked\nB-BLOCK,${profile},false\n`
    expect(await csvOfChargePoints(csv('2'))).toMatchObject({ body: { changed: 1 } })
    expect(await csvOfChargePoints(csv('1'))).toMatchObject({ status: 409 })
    expect(await csvOfChargePoints(csv('7'))).toMatchObject({ status: 400 })
    expect(await stator.json('/api/chargepoints/B-BLOCK')).toMatchObject({ blocked: false, minSecurityProfile: 2 })
  })

  test('is answered by its new registration status from the next boot on', async () => {
    const raw = await stator.bootedRaw('B-REJECT')
    await csvOfChargePoints('chargePointId,registrationStatus\nB-REJECT,Rejected\n')
    const boot = await raw.call('BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' })
    expect(boot).toMatchObject({ status: 'Rejected' })
  })

  test('ends a rotation that is under way, even with the password that is stored', async () => {
    await stator.provision('B-ROTATE')
    const client = await stator.client()
    await client.query("UPDATE charge_points SET pending_password_hash = '\\x00' WHERE identity = 'B-ROTATE'")
    await ofChargePoints([{ chargePointId: 'B-ROTATE', password: 'secretpassword' }])
    const { rows } = await client.query(
      "SELECT pending_password_hash AS p FROM charge_points WHERE identity = 'B-ROTATE'",
    )
    expect(rows).toEqual([{ p: null }])
  })
})

describe('the CSV file of a list', () => {
  test('goes back into a batch and changes nothing, formulas and quotes included', async () => {
    const locations = ['=1+1', "'=x", "''@y", '+1', '-1', '@a', "'plain", 'a,b;"c"', ' spaced ', 'ä€']
    const lines = locations.map((location, i) => ({ chargePointId: `=R${i}`, location, timeZone: 'Europe/Paris' }))
    expect(await ofChargePoints(lines)).toMatchObject({ body: { created: locations.length } })
    for (const separator of ['comma', 'semicolon']) {
      const file = await fileOf(`/api/chargepoints.csv?separator=${separator}`)
      expect(file).not.toMatch(/(^|[,;\n])"?[=+@-]/)
      const { body } = await csvOfChargePoints(file)
      expect(body).toMatchObject({ created: 0, changed: 0, failed: 0 })
      expect(body['unchanged']).toBe(body['totalCount'])
      expect(body['ignoredColumns']).toContain('lastSeen')
    }
    expect(await csvOfIdTags(await fileOf('/api/id-tags.csv'))).toMatchObject({ body: { created: 0, changed: 0 } })
  })

  test('has what an edit removes, and only what the filter lets through', async () => {
    await stator.provision('B-EDIT', { location: 'Only one', password: 'kept-password' })
    const file = await fileOf('/api/chargepoints.csv?location=only+one')
    expect(file.split('\r\n')).toHaveLength(3)
    await csvOfChargePoints(file.replace('Only one', ''))
    expect(await stator.json('/api/chargepoints/B-EDIT')).toMatchObject({ location: null, hasPassword: true })
  })
})

describe('a large batch', () => {
  const identity = (i: number) => `BULK-${i}`

  test('of 10,000 is stored while charge points are served, and one of 10,001 is refused', async () => {
    const raw = await stator.bootedRaw(identity(0))
    let isDone = false
    let worstMs = 0
    const heartbeats = async () => {
      while (!isDone) {
        const startedAt = performance.now()
        const meterValue = [{ timestamp: new Date().toISOString(), sampledValue: [{ value: '1' }] }]
        await raw.call('Heartbeat', {})
        await raw.call('MeterValues', { connectorId: 1, meterValue })
        worstMs = Math.max(worstMs, performance.now() - startedAt)
      }
    }
    const serving = heartbeats()
    const csv = (count: number, location: string) =>
      `chargePointId,location,timeZone\n${Array.from({ length: count }, (_, i) => `${identity(i)},${location},Europe/Rome\n`).join('')}`
    expect(await csvOfChargePoints(csv(10_000, 'One'))).toMatchObject({
      status: 200,
      body: { created: 9_999, changed: 1 },
    })
    expect(await csvOfChargePoints(csv(10_000, 'Two'))).toMatchObject({ status: 200, body: { changed: 10_000 } })
    expect(await csvOfChargePoints(csv(10_000, 'Three'), '?partial=true')).toMatchObject({ body: { changed: 10_000 } })
    isDone = true
    await serving
    // Bounded, not fast: a commit waits for the rows that one transaction changes, not for the whole batch.
    expect(worstMs).toBeLessThan(5_000)
    expect(await csvOfChargePoints(csv(10_001, 'Four'))).toMatchObject({
      status: 413,
      body: { code: 'REQUEST_TOO_LARGE', message: expect.stringContaining('split it') },
    })
    expect(await ofChargePoints(Array.from({ length: 10_001 }, () => ({})))).toMatchObject({ status: 413 })
    expect(await csvOfChargePoints(`chargePointId\n${'A'.repeat(4_200_000)}`)).toMatchObject({ status: 413 })
    const { location } = await stator.json(`/api/chargepoints/${identity(9_999)}`)
    expect(location).toBe('Three')
  }, 60_000)
})
