// What a stored fact can break: the kinds of anomalies, one sentence each. `docs/operations.md` lists them (a test
// compares the two).

export const anomalyTable = {
  unknownTransaction: 'A message names a transaction that nobody knows; a stop with 0 or -1 ("none") is one, too.',
  foreignTransaction: 'A message names a transaction of another charge point.',
  closedTransaction: 'A message came for a transaction that had ended, and reports no time before the end.',
  transactionIdReused:
    'A charge point began another transaction under an id that it had used before, as some do after a reboot; it is a transaction of its own.',
  secondStart: 'A transaction was started once more; the earliest start counts, and what it lacked was filled in.',
  secondEnd: 'A transaction was ended once more; the first end counts.',
  seqNoRestarted: 'An event had a lower seqNo than an earlier one; the charge point counts from the beginning again.',
  clockSetBack: 'An event had a higher seqNo and an earlier time than one before it; the charge point set its clock.',
  missingStart: 'A transaction became known by a later message; its start has not come, or not yet.',
  connectorAlreadyCharging: 'A transaction started on a connector where another was open; both are open now.',
  tooManyConnectors:
    'A message tells of a connector more than are kept of one charge point; the message is stored, the connector is not.',
  connectorMove: 'A 1.6 connector went from one status to another that OCPP 1.6 §4.9 does not let follow on it.',
  meterBackwards: 'The meter stood lower when a transaction ended than when it started; what was charged is unknown.',
  registerFell:
    'The register of a transaction stood more than 1 Wh lower than at an earlier time of it: the meter was set back or exchanged, and the figure of its energy has to be looked at.',
  meterRounding:
    'The meter stood up to 1 Wh lower than before, by rounding; a transaction that ends so has charged 0 kWh.',
  stopBeforeStart: 'A transaction ended before it began, by the clock of its charge point.',
  startBelowLastStop:
    'The meter stood lower when a transaction started than when the last one on that connector ended.',
  registerPerSession:
    'The meter stood at 0 when a transaction started, and higher when the last one on that connector ended: the charge point counts each transaction from 0. Noted once for each connection.',
  stopByOtherCard:
    'A transaction was stopped with another id token than it began with, and the two have no parent in common.',
  concurrentTransaction:
    'A transaction started with an id token that has another one open: on another connector, or, where `Security.ConcurrentTransactions` is `deny`, on another charge point. `detail.status` is what the charge point was told.',
  unauthorizedStart: 'A transaction started with an id token that is not accepted.',
  beforeBoot:
    'A message came before a boot was accepted; it was served because it tells of a transaction, or leniently.',
  ghostTransaction:
    'A transaction is open while its connector has long been Available, or its charge point has long been gone; `detail.reason` says which. Noted once for each, and never closed for it.',
  frameTooBig:
    'A frame was larger than OCPP.MaxMessageSize; it was not read, and the connection was closed with 1009. The charge point may send it again for ever.',
  flood: 'A charge point kept sending more than its allowance; its connection was closed with 1008.',
  quirk: 'A message was not as OCPP has it and was served all the same; `detail.quirk` says how (see the quirks).',
} as const satisfies Readonly<Record<string, string>>

/** A key of `anomalyTable`. */
export type AnomalyKind = keyof typeof anomalyTable

/** Every kind there is. */
export const anomalyKinds = Object.keys(anomalyTable).filter((kind): kind is AnomalyKind => kind in anomalyTable)
