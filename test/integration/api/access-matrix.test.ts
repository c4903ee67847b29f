// Every operation of the API, sent by nobody, by the charge point that it is about, by another, and by an operator.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { adminApiKey, passwordDefault, TestStator } from '../../support/stator.ts'

/** Operations that need no credentials. */
const open = new Set(['getLiveness', 'getReadiness'])

/** Operations that a charge point may use for itself. All others are for operators only. */
const own = new Set([
  ...['getChargePoint', 'getChargePointStatus', 'listHistory', 'listMessages', 'listEvents'],
  ...['listMeterValuesOfChargePoint', 'listAnomalies', 'listAnomaliesOfChargePoint'],
  ...['listTransactions', 'exportTransactions', 'getTransaction', 'listMeterValuesOfTransaction'],
  ...['sendCall', 'startTransaction', 'stopTransaction', 'resetChargePoint', 'updateFirmware'],
  ...['getConfiguration', 'changeConfiguration'],
  ...['getCertificates', 'installCertificate', 'reportCertificates', 'deleteCertificate', 'renewCertificate'],
])

interface Operation {
  readonly id: string
  readonly method: string
  readonly path: string
}

type Answer = 'unauthorized' | 'forbidden' | 'served'

function basicOf(identity: string, password = passwordDefault): Record<string, string> {
  return { Authorization: `Basic ${btoa(`${identity}:${password}`)}` }
}

/** Who sends, and what they get: of an open operation, of one that charge points may use, of one for operators. */
const senders: readonly (readonly [string, Record<string, string>, readonly [Answer, Answer, Answer]])[] = [
  ['nobody', {}, ['served', 'unauthorized', 'unauthorized']],
  ['a guesser of the password', basicOf('OWN', 'not the password'), ['served', 'unauthorized', 'unauthorized']],
  ['another charge point', basicOf('OTHER'), ['served', 'forbidden', 'forbidden']],
  [
    'an operator as another charge point',
    { 'X-API-Key': adminApiKey, 'X-Charge-Point-Id': 'OTHER' },
    ['served', 'forbidden', 'forbidden'],
  ],
  ['the charge point itself', basicOf('OWN'), ['served', 'served', 'forbidden']],
  [
    'an operator as the charge point',
    { 'X-API-Key': adminApiKey, 'X-Charge-Point-Id': 'OWN' },
    ['served', 'served', 'forbidden'],
  ],
  // Last, since it deletes what the others ask for.
  ['an operator', { 'X-API-Key': adminApiKey }, ['served', 'served', 'served']],
]

let stator: TestStator
let operations: readonly Operation[]
let transactionId: string

beforeAll(async () => {
  stator = await TestStator.start({ settings: { Limits: { FailedAttempts: 1_000_000 } } })
  await stator.provision('OWN')
  await stator.provision('OTHER')
  await stator.addIdTag('TAG')
  const raw = await stator.raw('OWN')
  await raw.call('BootNotification', { chargePointVendor: 'Vendor', chargePointModel: 'Model' })
  const start = { connectorId: 1, idTag: 'TAG', meterStart: 0, timestamp: new Date().toISOString() }
  transactionId = String((await raw.call('StartTransaction', start))['transactionId'])
  await raw.close()
  operations = operationsOf(await stator.json('/openapi.json'))
})

afterAll(() => stator.stop())

function operationsOf(document: unknown): readonly Operation[] {
  const paths: Record<string, Record<string, { readonly operationId: string }>> = Object(document).paths
  const all = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { operationId }]) => ({ id: operationId, method: method.toUpperCase(), path })),
  )
  return [...all.filter(({ method }) => method !== 'DELETE'), ...all.filter(({ method }) => method === 'DELETE')]
}

/** What `operation` about the charge point OWN is answered with. */
async function answerTo({ method, path }: Operation, headers: Record<string, string>): Promise<Answer> {
  const names: Readonly<Record<string, string>> = {
    chargePointId: 'OWN',
    idTag: 'TAG',
    transactionId,
    rotationId: '1',
    serialNumber: '01',
  }
  const url = new URL(
    path.replaceAll(/\{(\w+)\}/g, (_, name: string) => names[name] ?? name),
    stator.url,
  )
  if (path === '/api/anomalies' || (path.startsWith('/api/transactions') && !path.includes('{')))
    url.searchParams.set('chargePointId', 'OWN')
  const hasBody = method === 'POST' || method === 'PATCH'
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(hasBody ? { 'Content-Type': 'application/json' } : {}) },
    ...(hasBody ? { body: '{}' } : {}),
  })
  await response.arrayBuffer()
  if (response.status === 401) return 'unauthorized'
  return response.status === 403 ? 'forbidden' : 'served'
}

test('the operations that this table knows are in the document', () => {
  const known = new Set(operations.map(({ id }) => id))
  expect([...open, ...own].filter((id) => !known.has(id))).toEqual([])
  expect(operations.length).toBeGreaterThan(50)
})

for (const [sender, headers, [ofOpen, ofOwn, ofOperators]] of senders) {
  test(`${sender} is served what is theirs, and refused the rest`, async () => {
    const expected: Record<string, Answer> = {}
    const found: Record<string, Answer> = {}
    for (const operation of operations) {
      const { id } = operation
      expected[id] = open.has(id) ? ofOpen : own.has(id) ? ofOwn : ofOperators
      found[id] = await answerTo(operation, headers)
    }
    expect(found).toEqual(expected)
  })
}
