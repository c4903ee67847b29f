// Exports over HTTP have what the lists have, in each format, of each kind, on both databases.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readCsv, unguarded } from '../../../src/api/csv.ts'
import { readParquet } from '../../support/parquet.ts'
import { adminApiKey, passwordDefault, TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

type Item = Readonly<Record<string, unknown>>

const texts = ['=1+1', 'a;b', 'with "quotes", and commas', '-2', 'Ünïcödé 電', 'USER123']
const minute = (at: number): string => new Date(Date.UTC(2026, 10, 27, 8, at)).toISOString()
const transactionsMade = 45

async function fileOf(stator: TestStator, path: string, headers: Record<string, string> = {}): Promise<Uint8Array> {
  const response = await fetch(`${stator.url}${path}`, { headers: { 'X-API-Key': adminApiKey, ...headers } })
  const bytes = new Uint8Array(await response.arrayBuffer())
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${new TextDecoder().decode(bytes)}`)
  return bytes
}

const textOf = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)

async function ndjsonOf(stator: TestStator, path: string): Promise<Item[]> {
  const lines = textOf(await fileOf(stator, path)).split('\n')
  expect(lines.pop()).toBe('')
  return lines.map((line) => JSON.parse(line))
}

function withQuery(path: string, format: string, query: string): string {
  return `${path}.${format}${query === '' ? '' : `?${query}`}`
}

/** The items of all pages of a list. */
async function itemsOf(stator: TestStator, path: string, name: string, query: string): Promise<Item[]> {
  const items: Item[] = []
  for (let page = 1; ; page++) {
    const body = await stator.json(`${path}?page=${page}&pageSize=50&${query}`)
    const found: unknown = body[name]
    if (!Array.isArray(found)) throw new Error(`${path} has no ${name}.`)
    items.push(...found)
    if (found.length < 50) return items
  }
}

const sorted = (items: readonly Item[]): string[] => items.map((item) => JSON.stringify(item)).toSorted()

/** What is in a cell for a value of an item. */
function cellOf(value: unknown): string {
  if (value === undefined || value === null) return ''
  return typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value)
}

describe.each(['PostgreSQL', 'Embedded'] as const)('an export on %s', (provider) => {
  let stator: TestStator
  let transactionId: number

  beforeAll(async () => {
    stator = await TestStator.start({ provider })
    const raw = await stator.bootedRaw('EX-1')
    const other = await stator.bootedRaw('EX-2')
    for (let number = 0; number < transactionsMade; number++) {
      const one = number % 5 === 0 ? other : raw
      const begin = { connectorId: 1, idTag: texts[number % texts.length], timestamp: minute(3 * number) }
      const started = await one.call('StartTransaction', { ...begin, meterStart: 1_000 * number })
      const id = Number(started['transactionId'])
      const samples = [
        { value: String(1_000 * number + 500.25), unit: 'Wh' },
        { value: '16.0', measurand: 'Current.Import', unit: 'A' },
      ]
      const values = [{ timestamp: minute(3 * number + 1), sampledValue: samples }]
      await one.call('MeterValues', { connectorId: 1, transactionId: id, meterValue: values })
      if (number % 7 === 0) {
        const only = [{ timestamp: minute(3 * number + 2), sampledValue: samples }]
        await one.call('MeterValues', { connectorId: 1, meterValue: only })
      }
      const status = { connectorId: 1, errorCode: 'NoError', status: number % 2 === 0 ? 'Charging' : 'Available' }
      await one.call('StatusNotification', status)
      if (number === 7) transactionId = id
      if (number % 9 === 8) continue
      const end = { transactionId: id, meterStop: 1_000 * number + 900, timestamp: minute(3 * number + 2) }
      await one.call('StopTransaction', { ...end, reason: number % 2 === 0 ? 'Local' : 'Remote' })
    }
    raw.socket.close()
    const historyOf = () => itemsOf(stator, '/api/chargepoints/EX-1/history', 'history', '')
    await until('EX-1 is gone', async () => (await historyOf()).some(({ event }) => event === 'closed'))
    const again = await stator.raw('EX-1')
    await again.call('Heartbeat', {})
    // The message log and the history are written later than they are answered.
    await until('all messages are in the log', async () => {
      const messages = await itemsOf(stator, '/api/chargepoints/EX-1/messages', 'messages', 'action=Heartbeat')
      return messages.length === 1 && (await historyOf()).filter(({ event }) => event === 'opened').length === 2
    })
  }, 60_000)

  afterAll(async () => {
    await stator.stop()
  })

  const kinds = [
    { path: '/api/transactions', name: 'transactions', queries: ['', 'chargePointId=EX-2', 'open=true', 'open=false'] },
    {
      path: '/api/transactions',
      name: 'transactions',
      queries: ['idTag=user123', 'from=2026-11-27T08:30:00Z&to=2026-11-27T09:00:00Z'],
    },
    { path: '/api/transactions', name: 'transactions', queries: ['chargePointId=nobody', 'ghost=true'] },
    { path: '/api/chargepoints/EX-1/meter-values', name: 'meterValues', queries: ['', 'to=2026-11-27T08:40:00Z'] },
    { path: '/api/transactions/:id/meter-values', name: 'meterValues', queries: [''] },
    { path: '/api/chargepoints/EX-1/history', name: 'history', queries: ['', 'to=2026-11-27T08:40:00Z'] },
    {
      path: '/api/chargepoints/EX-1/messages',
      name: 'messages',
      queries: [
        '',
        'action=StopTransaction',
        'direction=toChargePoint',
        'action=MeterValues&direction=fromChargePoint',
      ],
    },
  ].flatMap(({ queries, ...rest }) => queries.map((query) => ({ ...rest, query })))

  const pathOf = (path: string) => path.replace(':id', String(transactionId))

  test.each(kinds)('of $path has the items of the list, in each format ($query)', async ({ path, name, query }) => {
    const listed = await itemsOf(stator, pathOf(path), name, query)
    const lines = await ndjsonOf(stator, withQuery(pathOf(path), 'ndjson', query))
    expect(sorted(lines)).toEqual(sorted(listed))
    if (name !== 'meterValues') expect(lines).toEqual(listed.toReversed())

    const [header, ...rows] = await readCsv(textOf(await fileOf(stator, withQuery(pathOf(path), 'csv', query))), 9_999)
    const columns = header?.cells ?? []
    const isTextOf = (item: Item | undefined, at: number) => typeof item?.[columns[at] ?? ''] === 'string'
    const cells = rows.map((row, line) =>
      row.cells.map((cell, at) => (isTextOf(lines[line], at) ? unguarded(cell) : cell)),
    )
    expect(cells).toEqual(lines.map((item) => columns.map((column) => cellOf(item[column]))))

    const parquet = await readParquet(await fileOf(stator, withQuery(pathOf(path), 'parquet', query)))
    expect(Object.keys(parquet.types)).toEqual([...columns])
    const isJson = (value: unknown) => typeof value === 'object' && value !== null
    expect(parquet.rows).toEqual(
      lines.map((item) =>
        Object.fromEntries(
          columns.map((column) => {
            const value = item[column] ?? null
            return [column, isJson(value) ? JSON.stringify(value) : value]
          }),
        ),
      ),
    )
    expect(columns.toSorted()).toEqual(
      [...new Set([...columns, ...lines.flatMap((item) => Object.keys(item))])].toSorted(),
    )
  })

  test('of Parquet has a type for each column, and is compressed', async () => {
    const { types, groups } = await readParquet(await fileOf(stator, '/api/transactions.parquet'))
    expect(types).toMatchObject({
      transactionId: 'BIGINT',
      chargePointId: 'VARCHAR',
      startTime: 'TIMESTAMP WITH TIME ZONE',
      meterStart: 'DOUBLE',
      energyConsumed: 'DOUBLE',
    })
    expect(groups).toEqual([{ rows: transactionsMade, compressions: 'ZSTD' }])
  })

  test.each([
    '/api/transactions',
    '/api/chargepoints/EX-1/meter-values',
    '/api/transactions/:id/meter-values',
    '/api/chargepoints/EX-1/history',
    '/api/chargepoints/EX-1/messages',
  ])('of %s that continues at a cursor gives the rows of a whole one', async (path) => {
    const whole = await ndjsonOf(stator, `${pathOf(path)}.ndjson`)
    const withCursors = await ndjsonOf(stator, `${pathOf(path)}.ndjson?cursor=true`)
    expect(withCursors.map(({ cursor: _, ...item }) => item)).toEqual(whole)
    for (const at of new Set([0, 1, Math.floor(whole.length / 2), whole.length - 1])) {
      const cursor = String(withCursors[at]?.['cursor'])
      expect(await ndjsonOf(stator, `${pathOf(path)}.ndjson?after=${cursor}`)).toEqual(whole.slice(at + 1))
    }
    // Parquet in parts: the metadata of each says where the next one begins.
    const parts: Item[] = []
    for (let after = ''; parts.length < whole.length;) {
      const { rows, metadata } = await readParquet(
        await fileOf(stator, `${pathOf(path)}.parquet?limit=${Math.ceil(whole.length / 3)}${after}`),
      )
      parts.push(...rows)
      after = `&after=${metadata['stator.cursor']}`
    }
    const { rows } = await readParquet(await fileOf(stator, `${pathOf(path)}.parquet`))
    expect(parts).toEqual([...rows])
  })

  test('has a cursor as the last column of CSV, and so many rows as are asked for', async () => {
    const [header, ...rows] = await readCsv(
      textOf(await fileOf(stator, '/api/transactions.csv?cursor=true&limit=3')),
      9,
    )
    expect(header?.cells.at(-1)).toBe('cursor')
    const lines = await ndjsonOf(stator, '/api/transactions.ndjson?cursor=true&limit=3')
    expect(rows.map(({ cells }) => cells.at(-1))).toEqual(lines.map(({ cursor }) => String(cursor)))
    expect(lines).toHaveLength(3)
  })

  test('shows a charge point its own rows only', async () => {
    const own = { Authorization: `Basic ${btoa(`EX-2:${passwordDefault}`)}`, 'X-API-Key': '' }
    const lines = textOf(await fileOf(stator, '/api/transactions.ndjson', own))
      .trimEnd()
      .split('\n')
    expect(new Set(lines.map((line) => JSON.parse(line).chargePointId))).toEqual(new Set(['EX-2']))
    expect(lines).toHaveLength(transactionsMade / 5)
    const foreign = [
      '/api/chargepoints/EX-1/meter-values.csv',
      `/api/transactions/${transactionId}/meter-values.ndjson`,
      '/api/chargepoints/EX-1/history.parquet',
      '/api/chargepoints/EX-1/messages.csv',
    ]
    for (const path of foreign) {
      const { status } = await stator.api(path, { basic: ['EX-2', passwordDefault] })
      expect([path, status]).toEqual([path, 404])
    }
    const filtered = '/api/transactions.csv?chargePointId=EX-1'
    const { body } = await stator.api(filtered, { basic: ['EX-2', passwordDefault] })
    expect(String(body['text']).trimEnd().split('\r\n')).toHaveLength(1)
  })

  test('refuses a cursor that is none of its kind, and unknown parameters', async () => {
    const [message] = await ndjsonOf(stator, '/api/chargepoints/EX-1/messages.ndjson?cursor=true&limit=1')
    const foreign = String(message?.['cursor'])
    const wrong = [
      'x',
      foreign,
      btoa('["transactions","now()","1"]'),
      btoa('["transactions","2026-01-01 00:00:00+00","9223372036854775808"]'),
    ]
    for (const after of wrong) {
      const { status, body } = await stator.api(`/api/transactions.csv?after=${after.replaceAll('=', '')}`)
      expect([after, status, body['details']]).toEqual([after, 400, expect.objectContaining({ field: 'after' })])
    }
    for (const query of ['page=1', 'pageSize=5', 'limit=0', 'cursor=maybe']) {
      expect((await stator.api(`/api/transactions.csv?${query}`)).status).toBe(400)
    }
    expect((await stator.api('/api/transactions.ndjson?separator=comma')).status).toBe(400)
  })

  test('answers HEAD with its headers, and begins none', async () => {
    const { status, headers } = await stator.api('/api/transactions.parquet', { method: 'HEAD' })
    expect([status, headers.get('Content-Type')]).toEqual([200, 'application/vnd.apache.parquet'])
    expect(headers.get('Content-Disposition')).toBe('attachment; filename="transactions.parquet"')
  })
})
