// `schemathesis` with all its checks against the document and a running Stator with a simulated charge point: every
// status, header and body is one that /openapi.json describes, what the schemas forbid is refused, and what they allow is
// accepted. It is a Python program; where it is not installed, this test is skipped.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TestStator, adminApiKey } from '../../support/stator.ts'

const command = Bun.which('schemathesis')
const why = command === null ? ' (skipped: schemathesis is not installed; pip install schemathesis)' : ''
let stator: TestStator
let folder: string

beforeAll(async () => {
  // It tries wrong credentials with every operation, and would be slowed down as one who guesses.
  stator = await TestStator.start({ settings: { OCPP: { CallTimeout: 1 }, Limits: { FailedAttempts: 1_000 } } })
  folder = await mkdtemp(join(tmpdir(), 'stator-schemathesis-'))
})

afterAll(async () => {
  await stator.stop()
  await rm(folder, { recursive: true })
})

/** Operations that end the charge point's connection, or forbid the next one. They are run last, by themselves. */
const ending = ['deleteChargePoint', 'changeChargePoint']

// A period is two fields, and its years are counted in UTC.
const period = ['^to: To must not be before From$', '^(from|to): .* must lie in the years 1 to 9999, in UTC$']
// How many items are looked at depends on the database and on the other filters.
const page = ['^page: Page must begin within the first \\d+ items']
// There is no end to the names that look like a time zone.
const timeZone = ['^timeZone: Time zone must be an IANA name']
// The document is the same for all versions of OCPP; 1.6 has shorter texts than 2.x.
const length = (field: string) => [`^${field}(\\[\\d+\\])?: .* is \\d+ characters long; at most \\d+ are allowed\\.$`]

// JSON Schema could say this of two fields, in a form that no client reads.
const ofEvse = '^connectorId: connectorId needs the evseId'

// Which types there are depends on the version of the charge point.
const ofVersion = ['^type: Field "type" is ']
const transactionFilter = [
  ...period,
  ...page,
  '^endDate: End date must not be before the start date$',
  '^from: Give From or Start date, not both$',
  '^to: Give To or End date, not both$',
]
// The document cannot say what CSV is, nor that two lines may not be about the same thing.
const batch = ['^body: ', ": (The c|C)olumn '.*' is (not known|missing)", 'stands? in line \\d+']

// Which roles and groups there are depends on the database, and which time is in the future on the clock.
const ofApiKey = [
  '^role: There is no role ',
  '^groupIds: There is no group \\d+$',
  '^name: Name must not ',
  '^expiresAt: .* must (be in the future|lie in the years 1 to 9999, in UTC$)',
]

/** Of an export in each format. Which texts are cursors is not for clients to know. */
function exportsOf(name: string, filter: readonly string[]): Record<string, readonly string[]> {
  const ids = ['', 'AsNdjson', 'AsParquet'].map((ending) => `export${name}${ending}`)
  return Object.fromEntries(ids.map((id) => [id, [...filter, '^after: After must be a cursor']]))
}

/** The rules that JSON Schema has no words for, by operation: what the 400 says, as regular expressions. */
const rules: Readonly<Record<string, readonly string[]>> = {
  listChargePoints: page,
  createChargePoint: timeZone,
  changeChargePoint: timeZone,
  startTransaction: [
    ...length('idTag'),
    // A charging profile is validated with the schema of the charge point's version.
    '^chargingProfile',
  ],
  triggerMessage: [ofEvse, '^customTrigger'],
  changeAvailability: [ofEvse],
  reserve: [
    ...length('idTag'),
    ...length('parentIdTag'),
    '^expiresAt: (Expires at must be in the future|.* must lie in the years)',
    '^connectorType',
  ],
  listReservations: ['^after: After must be'],
  storeLocalList: ['^entries: Entries has the ID tag', '^entries.* must lie in the years 1 to 9999, in UTC$'],
  syncLocalList: ['^entries'],
  // It is validated with the schema of the charge point's version, and so are its purposes.
  setChargingProfile: ['^chargingProfile'],
  // Validated with the schema of the charge point's version, too; times have an order, and lie in some years.
  setDisplayMessage: ['^message', '^state', '^display', '^startsAt', '^endsAt', '^transactionId: Transaction'],
  reportDisplayMessages: ['^state', '^messageIds'],
  giveCost: ['^body: The body must have', '^isFinal: isFinal needs', '^message.*surrogate'],
  setDefaultTariff: ['^tariff'],
  changeTransactionTariff: ['^tariff', '^transactionId: Transaction'],
  storeDriverTariff: ['^tariff', '^body: The body must have', '^personalMessage.*surrogate'],
  clearChargingProfiles: ['^purpose'],
  reportChargingProfiles: ['^purpose', '^sources'],
  uploadLog: ['^location: Location is required'],
  getConfiguration: length('key'),
  changeConfiguration: [...length('key'), ...length('value')],
  searchVariables: ['^\\w+: Give Variable or Charge point ID beside this filter', ...page],
  // What a variable may be called, and how long its value may be, depends on the version of the charge point.
  setVariables: ['^variables'],
  readVariables: ['^variables'],
  requestReport: ['^variables'],
  setNetworkProfile: ['^csmsUrl: CSMS URL must', '^identity: A password is set for the charge point'],
  listAlarms: [...period, ...page],
  listMeterValuesOfChargePoint: [...period, ...page],
  listTransactions: transactionFilter,
  ...exportsOf('Transactions', transactionFilter),
  ...exportsOf('MeterValuesOfTransaction', []),
  ...exportsOf('MeterValuesOfChargePoint', period),
  ...exportsOf('History', period),
  ...exportsOf('Messages', period),
  closeTransaction: [
    '^stopTime: Stop time must not be before the transaction began$',
    '^meterStop: Meter stop must not be below the meter start, which is \\d+ Wh$',
  ],
  // Action and payload are those of the charge point's version.
  sendCall: ['^payload', "^action: Action '\\w+' is not an action of OCPP 1\\.6$"],
  listMessages: [...period, ...page],
  listEvents: [...period, ...page],
  storeChargePoints: [...timeZone, ...batch],
  storeIdTags: batch,
  installCertificate: ['^certificate: Certificate must ', ...ofVersion],
  reportCertificates: ofVersion,
  deleteCertificate: ofVersion,
  listCertificates: [...period, ...page],
  createCredentialRotation: ['^body: The body must have either', '^chargePointIds', '^filter: '],
  listCredentialRotations: page,
  listIdTokenErasures: page,
  listCredentialRotationItems: page,
  listHistory: [...period, ...page],
  listSecurityEvents: [...period, ...page],
  listAnomalies: [...period, ...page],
  listAnomaliesOfChargePoint: [...period, ...page],
  createApiKey: [...ofApiKey, '^expiresInDays: Expires in days must not be beside Expires at'],
  changeApiKey: ofApiKey,
}

/** Each line of these may fail by itself (`partial=true`): the answer is 200, with the errors in its report. */
const partial = ['storeChargePoints', 'storeIdTags']

/** The statuses of `positive_data_acceptance` that an operation may answer a valid request with, and 400. */
const accepted = ['2xx', '3xx', '401', '403', '404', '409', '429', '5xx', '400']

/** The request has the timeout, and it may be shorter than any charge point needs: 504. */
const impatient = 'sendCall'

/** The configuration file of schemathesis: parameters without which it would meet nothing but 404, and the rules. */
function configuration(parameters: Readonly<Record<string, unknown>>): string {
  const operation = (id: string, check: string, statuses: readonly string[]): string =>
    `[[operations]]\ninclude-operation-id = "${id}"\nchecks.${check}.expected-statuses = ${JSON.stringify(statuses)}`
  const refusing = Object.keys(rules).map((id) => operation(id, 'positive_data_acceptance', accepted))
  const reporting = partial.map((id) => operation(id, 'negative_data_rejection', ['200', '4xx']))
  const late = operation(impatient, 'not_a_server_error', ['2xx', '3xx', '4xx', '504'])
  const known = Object.entries(parameters).map(([name, value]) => `"${name}" = ${JSON.stringify(value)}`)
  const hooks = join(import.meta.dir, '../../fixtures/schemathesis-checks.py')
  return [`hooks = ${JSON.stringify(hooks)}`, '[parameters]', ...known, ...refusing, ...reporting, late].join('\n')
}

test.skipIf(command === null).each([
  ['all but those that end the connection', [...ending.map((operation) => `--exclude-operation-id=${operation}`)]],
  ['those that end the connection', [...ending.map((operation) => `--include-operation-id=${operation}`)]],
])(
  `schemathesis finds nothing in the operations: %s${why}`,
  async (_which, operations) => {
    const identity = `CP-${operations.length}-${crypto.randomUUID().slice(0, 8)}`
    await stator.station(identity)
    const { transactionId } = await stator.json(`/api/chargepoints/${identity}/start-transaction`, {
      // What ran before may have blocked the tag.
      body: { connectorId: 1, idTag: 'NOBODY', force: true },
    })
    const config = join(folder, 'schemathesis.toml')
    await Bun.write(config, configuration({ 'path.chargePointId': identity, 'path.transactionId': transactionId }))
    const { stdout, exited } = Bun.spawn(
      [
        command ?? '',
        `--config-file=${config}`,
        'run',
        `${stator.url}/openapi.json`,
        `--header=X-API-Key: ${adminApiKey}`,
        '--max-examples=10',
        '--seed=1',
        '--no-color',
        ...operations,
      ],
      { cwd: folder, stdout: 'pipe', env: { ...process.env, STATOR_RULES: JSON.stringify(rules) } },
    )
    const output = await stdout.text()
    if ((await exited) !== 0) throw new Error(output)
    expect(output).toMatch(/(\d{2,}) generated, \1 passed/)
  },
  120_000,
)
