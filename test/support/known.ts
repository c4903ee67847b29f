// What a decision may depend on, as small as a test wants it: everything unknown, unless the test says otherwise.

import type {
  Decision,
  Handler,
  Known,
  KnownChargePoint,
  KnownConnector,
  KnownIdToken,
  KnownTransaction,
} from '../../src/blocks/decision.ts'

import { QuirkProfiles, type Quirks, type Treatment } from '../../src/ocpp/quirk-profile.ts'

/** 2026-01-01T00:00:00Z: the moment at which test messages arrive. */
export const arrivalMs = Date.UTC(2026, 0, 1)

export const chargePoint: KnownChargePoint = {
  key: 7,
  identity: 'CP001',
  version: '1.6',
  strictness: 'lenient',
  quirkProfile: null,
  vendor: null,
  model: null,
  firmwareVersion: null,
  registrationStatus: 'Accepted',
  timeZone: null,
  bootStatus: 'Accepted',
  lastBootAtMs: null,
}

export interface KnownParts extends Partial<Omit<Known, 'connector' | 'connectors' | 'idToken' | 'transaction'>> {
  readonly connectorList?: readonly KnownConnector[]
  readonly idTokens?: readonly KnownIdToken[]
  readonly transactions?: readonly KnownTransaction[]
}

/** A `Known` in which only what is given is known. */
export function known(parts: KnownParts = {}): Known {
  const { connectorList = [], idTokens = [], transactions = [], ...rest } = parts
  const openTransactions = transactions.filter((one) => one.open && one.chargePointKey === chargePoint.key)
  return {
    nowMs: arrivalMs + 5,
    receivedAtMs: arrivalMs,
    messageId: 'm1',
    action: 'Any',
    heartbeatIntervalSeconds: 300,
    concurrentTransactions: 'accept',
    chargePoint,
    connector: (ref) => connectorList.find((one) => one.evseId === ref.evseId && one.connectorId === ref.connectorId),
    connectors: () => connectorList,
    idToken: (idToken) => idTokens.find((one) => one.idToken.toLowerCase() === idToken.toLowerCase()),
    isOpen: (id) => openTransactions.some((one) => one.transactionId === id),
    transaction: (id) => transactions.find((one) => one.transactionId === id),
    transactionsNamed: (id) => transactions.filter((one) => one.stationTransactionId === id),
    openTransactions: () => openTransactions,
    lastRegister: () => undefined,
    registersAround: () => null,
    newTransactionId: 501,
    beforeStart: null,
    signingRequest: null,
    certificates: null,
    transferVendor: null,
    jobs: [],
    alarm: () => undefined,
    report: null,
    wasRefusedBefore: false,
    dynamicSchedule: null,
    promisedTransactionId: () => undefined,
    meter: null,
    sent: {},
    verbatim: rest.sent ?? {},
    content: undefined,
    placed: null,
    ...rest,
  }
}

/** An open transaction on connector 1 of the charge point. */
export const openTransaction: KnownTransaction = {
  transactionId: 42,
  chargePointKey: chargePoint.key,
  stationTransactionId: null,
  evseId: 1,
  connectorId: 1,
  idToken: 'USER123',
  startedAtMs: arrivalMs - 3_600_000,
  meterStartWh: 1_000,
  open: true,
  closedBy: null,
}

/** An accepted id token without an expiry date. */
export const acceptedToken: KnownIdToken = {
  idToken: 'USER123',
  type: null,
  status: 'Accepted',
  expiryDateMs: null,
  parentIdTag: null,
}

/** Decides on `payload` as it was sent, with only what is given known. */
export function decide<P extends object>(handler: Handler<P>, payload: P, parts: KnownParts = {}): Decision {
  return handler.decide(payload, known({ sent: Object.fromEntries(Object.entries(payload)), ...parts }))
}

/** Quirk profiles of which there are none; nothing is counted. */
export const noQuirks: Quirks = { profiles: new QuirkProfiles([]), note: () => {} }

/** How a charge point is treated to which no quirk profile applies. */
export const noTreatment: Treatment = noQuirks.profiles.of(chargePoint)
