// The kinds of anomalies, one sentence each. An anomaly is a stored fact that breaks an expectation.
// `docs/operations.md` lists them (a test compares the two).

export const anomalyTable = {
  unknownTransaction:
    'A message names a transaction that is not stored. A stop with id 0 or -1 ("none") counts as one.',
  foreignTransaction: 'A message names a transaction of another charge point.',
  closedTransaction:
    'A message came for a transaction that had ended, and it was not a late message from before the end.',
  transactionIdReused:
    'A charge point started another transaction under an id that it had used before. Some charge points do this after a reboot. Stator stores it as a transaction of its own.',
  secondStart:
    'A second start came for a transaction. The earliest start counts; the second one filled in missing fields.',
  secondEnd: 'A second end came for a transaction. The first end counts.',
  seqNoRestarted: 'An event had a lower seqNo than an earlier event. The charge point restarted its counter.',
  clockSetBack:
    'An event had a higher seqNo but an earlier time than a previous event. The charge point set its clock back.',
  missingStart: 'A transaction became known by a later message. Its start has not come yet.',
  connectorAlreadyCharging:
    'A transaction started on a connector that already had an open transaction. Both are open now.',
  tooManyConnectors:
    'A message names a new connector, but the charge point already has the maximum number. The message is stored, the connector is not.',
  tooManyAlarms:
    'A message begins an alarm, but the charge point already has the maximum number of open ones. The message is stored, the alarm is not.',
  connectorMove: 'A 1.6 connector changed its status in a way that OCPP 1.6 §4.9 does not allow.',
  meterBackwards:
    'The meter was lower at the end of a transaction than at its start. The energy of the transaction is unknown.',
  registerFell:
    'The energy register fell by more than 1 Wh during a transaction. The meter was reset or replaced. Check the energy of the transaction.',
  meterRounding:
    'The meter was lower than before by 1 Wh or less, because of rounding. A transaction that ends this way has charged 0 kWh.',
  stopBeforeStart: 'A transaction ended before it started, by the clock of its charge point.',
  startBelowLastStop:
    'The meter was lower at the start of a transaction than at the end of the previous one on the same connector.',
  registerPerSession:
    'The meter was 0 at the start of a transaction, but higher at the end of the previous one on the same connector. The charge point counts each transaction from 0. Stored once for each connection.',
  stopByOtherCard:
    'A transaction was stopped with a different id token than it started with, and the two have no parent in common.',
  concurrentTransaction:
    'A transaction started with an id token that already has an open transaction: on another connector, or, where `Security.ConcurrentTransactions` is `deny`, on another charge point. `detail.status` is the status in the answer.',
  unauthorizedStart: 'A transaction started with an id token that is not accepted.',
  beforeBoot:
    'A message came before a boot was accepted. Stator served it because it is a transaction message, or because the charge point is `lenient`.',
  ghostTransaction:
    'A transaction is open, but its connector has been Available for a long time, or its charge point has been gone for a long time; `detail.reason` says which. Stored once for each reason. The transaction stays open.',
  contractRefused:
    'The contract certificate of an EV was refused; `detail.reason` says why. The charge point got CertificateExpired, CertificateRevoked or CertChainError.',
  certificateRefused:
    'A charge point requested a certificate, and the request was answered with Rejected; `detail.reason` says why.',
  answerRefused:
    'A charge point of 2.1 could not use the answer to a message, and said so with a CALLRESULTERROR. What the message said is stored. Stored once for each connection and code.',
  jobReportAfterEnd:
    'A charge point reported about a job that had ended; `detail` has the job, its state and the status. The job stays as it is.',
  frameTooBig:
    'A frame was larger than OCPP.MaxMessageSize. Stator did not read it and closed the connection with 1009. The charge point may send it again and again.',
  dailyLimit:
    'A charge point sent, or made us store, as much in a day as `Limits` allow. It is served at the pace of the limit from then on. Stored once a day for each limit.',
  flood: 'A charge point kept sending more than its allowance. Stator closed its connection with 1008.',
  notApplied:
    'A charge point accepted a setting, and said another value when it was read again (see quirk profiles); `detail` has both.',
  quirk: 'A message broke OCPP and Stator served it anyway; `detail.quirk` says how (see the quirks).',
} as const satisfies Readonly<Record<string, string>>

/** A key of `anomalyTable`. */
export type AnomalyKind = keyof typeof anomalyTable

/** All kinds. */
export const anomalyKinds = Object.keys(anomalyTable).filter((kind): kind is AnomalyKind => kind in anomalyTable)
