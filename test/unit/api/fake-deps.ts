// The minimum that the API needs, for tests of error responses. What it does for real is tested over HTTP against a
// running Stator (test/integration/api).

import type { Principal } from '../../../src/operators/principal.ts'
import { anOperator } from '../../support/principals.ts'
import { z } from 'zod'
import type { ApiDeps, ApiQueries, LiveChargePoints } from '../../../src/api/deps.ts'
import { createApi } from '../../../src/api/create-api.ts'
import { blockRoutes } from '../../../src/blocks/routes.ts'
import { Counters } from '../../../src/base/counters.ts'
import { Timings } from '../../../src/base/timings.ts'
import type { LogFields, Logger } from '../../../src/base/log.ts'
import { IdTagDigests } from '../../../src/operators/audit-text.ts'
import { StatorError } from '../../../src/base/errors.ts'
import type { ChargePointRecord } from '../../../src/blocks/records.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { noQuirks, noTreatment } from '../../support/known.ts'
import { nothingCounted } from '../../support/nothing-counted.ts'

export const nowMs = Date.parse('2025-12-26T12:30:00Z')

export const chargePoint: ChargePointRecord = {
  key: 1,
  identity: 'CP001',
  status: 'Available',
  connected: true,
  location: null,
  groupKey: null,
  ocppVersion: '1.6',
  strictness: 'lenient',
  quirkProfile: null,
  registrationStatus: 'Accepted',
  timeZone: null,
  mayUseOtherName: false,
  certificateName: null,
  isBlocked: false,
  profileMin: 0,
  bootStatus: 'Accepted',
  vendor: null,
  model: null,
  serialNumber: null,
  firmwareVersion: null,
  iccid: null,
  imsi: null,
  firmwareStatus: null,
  diagnosticsStatus: null,
  logStatus: null,
  lastSeenAtMs: null,
  lastHeartbeatAtMs: null,
  lastBootAtMs: null,
  createdAtMs: nowMs,
  hasPassword: true,
  hasApiKey: false,
}

/** A query or effect that a test must not reach. */
/** Who has a key is an operator. */
async function asOperator(headers: Headers): Promise<Principal | null> {
  return headers.has('X-API-Key') ? anOperator() : null
}

function unexpected(name: string): () => never {
  return () => {
    throw new Error(`${name} was not expected`)
  }
}

/** An API on fakes: charge point CP001 exists and is connected, and whoever sends X-API-Key is an operator. */
export function fakeApi(
  overrides: {
    queries?: Partial<ApiQueries>
    live?: Partial<LiveChargePoints>
    deps?: Partial<Omit<ApiDeps, 'queries' | 'live'>>
  } = {},
) {
  const logged: { level: string; fields: LogFields }[] = []
  const record =
    (level: string) =>
    (...line: Parameters<Logger['info']>) => {
      const [fields] = line
      if (typeof fields !== 'string') logged.push({ level, fields })
    }
  const queries: ApiQueries = {
    listChargePoints: unexpected('listChargePoints'),
    chargePointsAfter: unexpected('chargePointsAfter'),
    storeChargePoints: unexpected('storeChargePoints'),
    chargePoint: async (identity) => (identity === 'CP001' ? chargePoint : null),
    connectivityOf: async () => ({ lastDisconnect: null, lastRefusal: null }),
    connectorsOf: async () => [],
    problemsOf: async () => [],
    openTransactionsOf: async () => [],
    otherHolder: async () => null,
    createChargePoint: unexpected('createChargePoint'),
    updateChargePoint: unexpected('updateChargePoint'),
    deleteChargePoint: unexpected('deleteChargePoint'),
    expectProfile: unexpected('expectProfile'),
    listJobs: unexpected('listJobs'),
    job: async () => null,
    jobMoves: unexpected('jobMoves'),
    jobFile: unexpected('jobFile'),
    fileChunk: unexpected('fileChunk'),
    customerParts: unexpected('customerParts'),
    deleteCustomerParts: unexpected('deleteCustomerParts'),
    storeReservation: unexpected('storeReservation'),
    answerReservation: unexpected('answerReservation'),
    cancelReservation: unexpected('cancelReservation'),
    reservationsOf: unexpected('reservationsOf'),
    reservation: async () => null,
    localList: async () => null,
    storeLocalList: unexpected('storeLocalList'),
    noteSentLocalList: unexpected('noteSentLocalList'),
    noteLocalListVersion: unexpected('noteLocalListVersion'),
    storeChargingProfile: unexpected('storeChargingProfile'),
    answerChargingProfile: unexpected('answerChargingProfile'),
    clearChargingProfiles: unexpected('clearChargingProfiles'),
    chargingProfilesOf: unexpected('chargingProfilesOf'),
    chargingLimitsOf: unexpected('chargingLimitsOf'),
    evChargingOf: unexpected('evChargingOf'),
    answerDynamicSchedule: unexpected('answerDynamicSchedule'),
    storeDynamicSchedule: unexpected('storeDynamicSchedule'),
    dynamicSchedulesOf: unexpected('dynamicSchedulesOf'),
    factsOf: unexpected('factsOf'),
    factsAbout: unexpected('factsAbout'),
    storeDisplayMessage: unexpected('storeDisplayMessage'),
    answerDisplayMessage: unexpected('answerDisplayMessage'),
    clearDisplayMessage: unexpected('clearDisplayMessage'),
    displayMessagesOf: unexpected('displayMessagesOf'),
    price: unexpected('price'),
    priceOfChargePoint: unexpected('priceOfChargePoint'),
    storePrice: unexpected('storePrice'),
    deletePrice: unexpected('deletePrice'),
    transactionCost: unexpected('transactionCost'),
    storeStationTariff: unexpected('storeStationTariff'),
    answerStationTariff: unexpected('answerStationTariff'),
    clearStationTariffs: unexpected('clearStationTariffs'),
    stationTariffsOf: unexpected('stationTariffsOf'),
    reportedTariffsOf: unexpected('reportedTariffsOf'),
    driverTariff: unexpected('driverTariff'),
    storeDriverTariff: unexpected('storeDriverTariff'),
    listGroups: unexpected('listGroups'),
    group: async () => null,
    createGroup: unexpected('createGroup'),
    updateGroup: unexpected('updateGroup'),
    deleteGroup: unexpected('deleteGroup'),
    createCredentialRotation: unexpected('createCredentialRotation'),
    credentialRotation: async () => null,
    listCredentialRotations: unexpected('listCredentialRotations'),
    credentialRotationItems: unexpected('credentialRotationItems'),
    cancelCredentialRotation: async () => null,
    listIdTokens: unexpected('listIdTokens'),
    idTokensAfter: unexpected('idTokensAfter'),
    storeIdTokens: unexpected('storeIdTokens'),
    idTokenRecord: async () => null,
    createIdToken: unexpected('createIdToken'),
    updateIdToken: unexpected('updateIdToken'),
    deleteIdToken: unexpected('deleteIdToken'),
    listTransactions: unexpected('listTransactions'),
    transaction: async () => null,
    ghostIds: unexpected('ghostIds'),
    ghostReasonsOf: unexpected('ghostReasonsOf'),
    meterValuesOf: unexpected('meterValuesOf'),
    correctionsOf: unexpected('correctionsOf'),
    meterValuesOfChargePoint: unexpected('meterValuesOfChargePoint'),
    messageLog: unexpected('messageLog'),
    listAnomalies: unexpected('listAnomalies'),
    listEvents: unexpected('listEvents'),
    listSecurityEvents: unexpected('listSecurityEvents'),
    listAuditLog: unexpected('listAuditLog'),
    auditHeads: unexpected('auditHeads'),
    listHistory: unexpected('listHistory'),
    variablesOf: unexpected('variablesOf'),
    listVariables: unexpected('listVariables'),
    reportsOf: unexpected('reportsOf'),
    monitorsOf: unexpected('monitorsOf'),
    listAlarms: unexpected('listAlarms'),
    listCertificates: unexpected('listCertificates'),
    certificatesOf: async () => [],
    installedCertificatesOf: async () => [],
    noteSentCertificate: unexpected('noteSentCertificate'),
    revokeCertificate: unexpected('revokeCertificate'),
    listApiKeys: unexpected('listApiKeys'),
    apiKeyRecord: async () => null,
    keyUses: unexpected('keyUses'),
    knownGroups: unexpected('knownGroups'),
    createApiKey: unexpected('createApiKey'),
    changeApiKey: unexpected('changeApiKey'),
    revokeApiKey: unexpected('revokeApiKey'),
    ownRoles: unexpected('ownRoles'),
    ownRole: async () => null,
    createRole: unexpected('createRole'),
    changeRole: unexpected('changeRole'),
    deleteRole: unexpected('deleteRole'),
    importedQuirkProfiles: async () => [],
    storeQuirkProfile: unexpected('storeQuirkProfile'),
    deleteQuirkProfile: unexpected('deleteQuirkProfile'),
    listQuirkCounts: unexpected('listQuirkCounts'),
    listTransferVendors: unexpected('listTransferVendors'),
    storedTransferVendor: async () => null,
    storeTransferVendor: unexpected('storeTransferVendor'),
    deleteTransferVendor: unexpected('deleteTransferVendor'),
    ...overrides.queries,
  }
  const live: LiveChargePoints = {
    get: () => ({
      version: '1.6',
      bootStatus: 'Accepted',
      mayBeSent: () => true,
      lastSeenAtMs: nowMs,
      lastHeartbeatAtMs: nowMs,
      treatment: noTreatment,
    }),
    call: unexpected('call'),
    noteQuirk: unexpected('noteQuirk'),
    promiseTransaction: async () => {},
    withdrawPromise: async () => {},
    provisioned: unexpected('provisioned'),
    disconnect: unexpected('disconnect'),
    ...overrides.live,
  }
  const app = createApi(
    {
      queries,
      erasures: {
        eraseIdToken: unexpected('eraseIdToken'),
        erasure: async () => null,
        listErasures: unexpected('listErasures'),
      },
      exports: { open: unexpected('exports.open') },
      nodeId: 'this-node',
      live,
      jobs: {
        start: unexpected('jobs.start'),
        queue: unexpected('jobs.queue'),
        repeat: unexpected('jobs.repeat'),
        cancel: unexpected('jobs.cancel'),
      },
      newUploadUrl: null,
      certificateAuthority: null,
      commit: unexpected('commit'),
      nextTransactionId: () => 7,
      authenticate: asOperator,
      authenticateNow: overrides.deps?.authenticate ?? asOperator,
      challenge: () => 'Basic realm="Stator"',
      isScraper: () => false,
      settingsKeys: [],
      allowedOrigins: [],
      attempts: { turn: async () => true, failed: async () => false, proven: () => {} },
      noteSecurityEvent: () => {},
      audit: { append: async () => 1, digests: new IdTagDigests(new Uint8Array(32)) },
      hash: {
        password: () => new Uint8Array(32),
        apiKey: () => new Uint8Array(32),
        isPassword: () => false,
        isApiKey: () => false,
      },
      rotations: { begin: unexpected('rotations.begin') },
      wakeRotations: () => {},
      strictnessDefault: 'lenient',
      quirks: { ...noQuirks, refresh: async () => {} },
      ghostDeadlines: { availableMs: 1_800_000, goneMs: 86_400_000 },
      counters: new Counters(),
      timings: new Timings(),
      partCounts: () => nothingCounted,
      health: { live: () => true, ready: async () => [] },
      clock: new HandClock(nowMs),
      log: { debug: record('debug'), info: record('info'), error: record('error') },
      ...overrides.deps,
    },
    blockRoutes,
  )
  const request = (path: string, init: RequestInit = {}) =>
    app.request(path, { ...init, headers: { 'X-API-Key': 'key', ...init.headers } })
  const post = (path: string, body: unknown) => request(path, { method: 'POST', body: JSON.stringify(body) })
  return { app, request, post, logged }
}

/** A fake that fails with `code`. */
export function failing(code: ConstructorParameters<typeof StatorError>[0]): () => never {
  return () => {
    throw new StatorError(code, `It failed with ${code}`)
  }
}

const ErrorAnswer = z.strictObject({
  error: z.string(),
  code: z.string(),
  message: z.string(),
  details: z.record(z.string(), z.unknown()).optional(),
})

/** The `details` of an error. */
export async function detailsOf(response: Response): Promise<Record<string, unknown>> {
  const { details } = ErrorAnswer.parse(await response.json())
  return details ?? {}
}

/** The `message` of an error. */
export async function messageOf(response: Response): Promise<string> {
  return ErrorAnswer.parse(await response.json()).message
}
