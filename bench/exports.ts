// How fast exports are: rows a second of each kind in each format, the CPU that Stator takes for a row, and how that
// compares with a bare `COPY … TO STDOUT` of the same rows by PostgreSQL, in turn, as medians. Run:
// `bun bench/exports.ts [rows] [rounds]`. Client, Stator and PostgreSQL share the cores; nothing else is done.

import { connect } from 'node:net'
import { Client } from 'pg'
import { exportFormats } from '../src/blocks/exports.ts'
import { MeterPacker } from '../src/workers/meter-packer.ts'
import { cpuOf } from './cpu.ts'
import { startDatabase } from './servers/database.ts'
import { startSubject } from './servers/start.ts'
import { adminApiKey } from './servers/stator.ts'
import { mergeLines, storeLines } from './message-blocks.ts'
import { median } from './standard/results.ts'

const [rows = 500_000, rounds = 3] = process.argv.slice(2).map(Number)
const identity = 'EXPORTED'

/** What is exported, how it is made, and the statement that reads it. */
const kinds = [
  {
    path: '/api/transactions',
    fill: `INSERT INTO transactions (id, charge_point_id, evse_id, connector_id, id_token, id_token_status, started_at,
        meter_start_wh, stopped_at, meter_stop_wh, stop_reason, closed_by, received_at)
      SELECT i, c.id, 1, 1, 'TAG' || i % 5000, 'Accepted', t.at, i * 10, t.at + '30 minutes', i * 10 + 5000.5, 'Local', 'station', t.at
      FROM charge_points c, generate_series(1, $1::int) i, LATERAL (SELECT timestamptz '2026-01-01' + i * interval '1 second' AS at) t`,
    rows: `SELECT t.received_at, t.id, c.identity, t.evse_id, t.id_token, t.started_at, t.stopped_at, t.meter_start_wh,
        t.meter_stop_wh, t.stop_reason, t.closed_by, t.station_transaction_id, t.register_fell_from_wh
      FROM transactions t JOIN charge_points c ON c.id = t.charge_point_id ORDER BY t.received_at, t.id`,
  },
  {
    path: `/api/chargepoints/${identity}/meter-values`,
    fill: storeMeterValues,
    rows: `SELECT transaction_ref, sampled_at, evse_id, connector_id, digest, energy_wh, power_w, current_a, voltage_v,
        soc_percent, meter_value, packed, received_at
      FROM meter_values ORDER BY charge_point_id, transaction_ref, sampled_at, evse_id, connector_id, digest`,
  },
  {
    path: `/api/chargepoints/${identity}/messages`,
    fill: storeMessages,
    rows: 'SELECT from_at, id, head, body FROM message_blocks ORDER BY from_at, id',
  },
]

/** A meter value each second, as Stator packs it. */
async function storeMeterValues(client: Client): Promise<void> {
  const register = 123_456_789
  const sampledValue = [
    { value: `${register}`, measurand: 'Energy.Active.Import.Register', unit: 'Wh' },
    { value: '7000', measurand: 'Power.Active.Import', unit: 'W' },
    { value: '16', measurand: 'Current.Import', unit: 'A' },
  ]
  const text = JSON.stringify({ timestamp: '2026-01-01T00:00:00Z', sampledValue })
  const [before, after] = new MeterPacker().pack(text)?.split(`${register}`) ?? []
  await client.query(
    `INSERT INTO meter_values (charge_point_id, transaction_ref, sampled_at, evse_id, connector_id, digest,
       received_at, energy_wh, power_w, current_a, packed)
     SELECT c.id, i / 100, timestamptz '2026-01-01' + i * interval '1 second', 1, 1, i, now(), i * 10, 7000, 16,
       $2::text || i * 10 || $3::text
     FROM charge_points c, generate_series(1, $1::int) i`,
    [rows, before, after],
  )
}

/** A line each second of one charge point. */
async function storeMessages(client: Client): Promise<void> {
  const { rows: found } = await client.query<{ id: number }>('SELECT id FROM charge_points')
  const chargePointKey = found[0]?.id ?? 0
  const payload = '{"connectorId":1,"errorCode":"NoError","status":"Available","timestamp":"2026-01-01T00:00:00Z"}'
  await storeLines(
    client,
    Array.from({ length: rows }, (_, i) => ({
      chargePointKey,
      atMs: Date.UTC(2026, 0, 1) + (i + 1) * 1_000,
      direction: i % 2 === 0 ? 'toChargePoint' : 'fromChargePoint',
      frame: `[2,"${i + 1}","StatusNotification",${payload}]`,
    })),
  )
}

/** Reads an answer and drops it; answers how many bytes came. */
function download(url: URL): Promise<number> {
  return new Promise((resolve, reject) => {
    let bytes = 0
    let end = ''
    const socket = connect(Number(url.port), '127.0.0.1')
    socket.on('data', (piece: Buffer) => {
      bytes += piece.length
      end = piece.subarray(-8).toString('latin1')
    })
    socket.on('error', reject)
    socket.on('close', () => (end.endsWith('0\r\n\r\n') ? resolve(bytes) : reject(new Error(`${url.href} broke off.`))))
    const head = `GET ${url.pathname} HTTP/1.1\r\nHost: ${url.host}\r\nX-API-Key: ${adminApiKey}\r\nConnection: close`
    socket.write(`${head}\r\n\r\n`)
  })
}

async function perSecond(work: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now()
  await work()
  return (rows / (performance.now() - startedMs)) * 1_000
}

const postgres = await startDatabase()
const settings = { OCPP__MessageLog: 'false' }
const options = { identities: [identity], databaseName: 'exports', settings, core: null }
const subject = await startSubject('stator', postgres, options)
const { server, database } = subject
const client = new Client({ connectionString: database?.url ?? '' })
try {
  await client.connect()
  for (const { fill } of kinds) await (typeof fill === 'string' ? client.query(fill, [rows]) : fill(client))
  await mergeLines(database?.url ?? '')
  await client.query('VACUUM ANALYZE')
  const url = server.url.replace(/^ws/, 'http').replace(/\/ocpp$/, '')
  console.log(`${rows.toLocaleString('en')} rows of each, medians of ${rounds} rounds`)
  for (const { path, rows: statement } of kinds) {
    for (const format of exportFormats) {
      const measured: { readonly rate: number; readonly copied: number; readonly cpuUs: number }[] = []
      let bytes = 0
      for (let round = 0; round < rounds; round++) {
        const copied = await perSecond(() => client.query(`COPY (${statement}) TO STDOUT`))
        const cpuBeforeMs = cpuOf(server.pid)?.totalMs ?? 0
        const rate = await perSecond(async () => (bytes = await download(new URL(`${url}${path}.${format}`))))
        measured.push({ rate, copied, cpuUs: (((cpuOf(server.pid)?.totalMs ?? 0) - cpuBeforeMs) * 1_000) / rows })
      }
      const rate = median(measured.map((one) => one.rate))
      const ratio = median(measured.map((one) => one.rate / one.copied))
      const cpuUs = median(measured.map((one) => one.cpuUs))
      const figures = `${Math.round(rate)} rows/s, ${ratio.toFixed(2)} of COPY, ${cpuUs.toFixed(1)} µs CPU a row`
      console.log(`${path}.${format}: ${figures}, ${Math.round(bytes / rows)} bytes a row`)
    }
  }
} finally {
  await client.end()
  await subject.stop()
  await postgres.stop()
}
