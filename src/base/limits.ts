// A long list: every limit of Stator, by name and with its unit last. It lives here or in the settings, nowhere else.

/** Largest `OCPP.MaxMessageSize` that can be set, in bytes. */
export const frameBytesMax = 16_777_216

/** CALLs of one charge point that may wait for their turn; past it the socket is no longer read (TCP back pressure). */
export const inboxFramesMax = 64

/** Bytes of such CALLs; past it the socket is no longer read, either. One larger frame may always wait. */
export const inboxBytesMax = 262_144

/** Entries of the feed, and bytes of their frames, that wait for one follower; a slower one misses some. */
export const followerEntriesMax = 10_000
export const followerBytesMax = 33_554_432

/** Bytes of all frames of all charge points that were read from sockets and are not served yet; past it no socket is read. */
export const receivedBytesMax = 268_435_456

/**
 * CALLs of one charge point that may wait at the very most: what Bun had read from the socket before it was paused (half a
 * megabyte) is delivered all the same. That holds 8,000 Heartbeats under message ids of the usual 36 characters.
 */
export const inboxBurstFramesMax = 16_384

/**
 * Bytes that Bun may have read from a socket before it was paused, and delivers all the same; beside them, the frame that it
 * was putting together.
 */
export const readAheadBytesMax = 1_048_576

/** Bytes of frames that one charge point may send in the long run, a second. A busy one with two sockets sends 5,000. */
export const allowanceBytesPerSecond = 262_144

/** Bytes that it may send at once after a time of rest: a backlog of a thousand meter values or more, or two of the largest frames. */
export const allowanceBytesMax = 2_097_152

/**
 * Bytes that it may owe beside its last frame. One read from its socket may hold a hundred thousand small frames, which are served at once;
 * the charge point that sent them then waits eight seconds, not minutes.
 */
export const allowanceDebtBytesMax = 2_097_152

/** Bytes that a charge point without allowance waits for: it is then served in small batches, not frame by frame. */
export const allowanceWaitBytes = 8_192

/** Bytes that the smallest frame costs: to read, decide and answer it takes as long as for a frame of this size. */
export const frameBytesMin = 256

/** Bytes of frames of one charge point that are served in one turn of the event loop; the others come next. */
export const turnBytesMax = 8_192

/** Longest that a charge point may keep sending more than its allowance before its connection is closed, in milliseconds. */
export const floodMsMax = 10_000

/**
 * Longest that frames of one connection may count as received after they were, so that they keep their order, in
 * milliseconds. What a charge point may send at once takes less; a clock that was set back more.
 */
export const arrivalAheadMsMax = 1_000

/** Frames that one task hands to a worker. More gain nothing: the cost of crossing is spread thin by then. */
export const batchFramesMax = 512

/** Batches this small are examined on the main thread: crossing to a worker costs more than the work itself. */
export const inlineFramesMax = 8

/** Frames this short are examined on the main thread at once: heartbeats and the like, cheaper to parse than to hand over. */
export const inlineCharactersMax = 256

/**
 * Characters past which a frame is long: it is examined by a thread of its own, whatever the load, and only what decisions read
 * of it comes back. What is shorter costs the main thread a millisecond or two at the very worst.
 */
export const shortFrameCharactersMax = 4_096

/** Tasks of the worker pool that may be under way at once, per worker thread. */
export const tasksPerWorkerMax = 2

/**
 * Longest that a worker may take for a task before it counts as stuck and is ended, in milliseconds. A task takes a few; the rest is
 * for a thread that has to start first on a busy machine.
 */
export const taskMsMax = 5_000

/** Parts into which frames that stopped a worker are cut, again and again, until the one that does it stands alone. */
export const quarantinePartsMax = 8

/** How often a single frame may make its worker die before it is refused. */
export const taskAttemptsMax = 2

/** Change sets that may wait for the writer; past it nothing that carries facts is taken in. */
export const writerChangesMax = 50_000

/**
 * Bytes of change sets that may wait for the writer: the frames they came from, counted in UTF-16 units. In memory a decided frame
 * takes a few times as much.
 */
export const writerBytesMax = 67_108_864
assert(writerBytesMax >= 2 * frameBytesMax, 'writerBytesMax must hold the largest frame while others wait')

/** Change sets that one transaction commits. */
export const commitChangesMax = 2_000

/**
 * Rows of one transaction, counted in meter values: 2,500 take PostgreSQL 11 to 25 ms here, and everybody in the next group waits for
 * that long. `commitChangesMax` ordinary sets have one row each, so they are not cut by it.
 */
export const commitRowsMax = 2_500

/** Bytes of the frames that one transaction commits: `commitChangesMax` sets of a kilobyte. */
export const commitBytesMax = 2_097_152

/** Rows of a part, counted in meter values, into which a larger change set is cut; others find room beside it in its group. */
export const partRowsMax = 1_000
assert(partRowsMax * 2 <= commitRowsMax, 'a part must leave room for others in its group')

/** Bytes of such a part; a single row may be larger. */
export const partBytesMax = 1_048_576
assert(partBytesMax * 2 <= commitBytesMax, 'a part must leave room for others in its group')

/** Lines of the OCPP message log that may wait for the writer; past it lines are dropped and counted. */
export const messageLogLinesMax = 20_000

/** Bytes of such lines, counted in UTF-16 units; past it lines are dropped and counted. */
export const messageLogBytesMax = 33_554_432
assert(messageLogBytesMax >= frameBytesMax, 'messageLogBytesMax must hold the largest frame')

/** How long `last_seen_at` and `last_heartbeat_at` may lag behind, in milliseconds. */
export const lastSeenFlushMs = 2_000

/** CALLs to one charge point that may wait behind the outstanding one. */
export const callQueueCallsMax = 32

/** Bytes of such CALLs, counted in UTF-16 units. */
export const callQueueBytesMax = 4_194_304

/** Longest that a CALL to a charge point waits for its answer, in milliseconds. */
export const callTimeoutMsDefault = 30_000

/** How long a message id whose CALL timed out is remembered, so that a late answer is told apart from an unknown one. */
export const lateAnswersMax = 16

/** Keys that one batched look-up asks for. */
export const lookupKeysMax = 1_000

/** Bytes of the keys that one batched look-up asks for, counted in UTF-16 units; a single key may be larger. */
export const lookupKeysBytesMax = 1_048_576

/** Keys that may wait for a batched look-up. */
export const lookupWaitingMax = 50_000

/** Bytes of such keys, counted in UTF-16 units: a 2.x transactionId of a lenient charge point may fill its frame. */
export const lookupWaitingBytesMax = 33_554_432
assert(lookupWaitingBytesMax >= frameBytesMax, 'lookupWaitingBytesMax must hold the largest key')

/** Pause between two attempts of a message with facts to look up what it needs while the database is away, in milliseconds. */
export const lookupRetryMs = 250

/** How often a message is decided when, each time, another node has stored meanwhile what changes the decision. */
export const decisionsMax = 6

/** How often a group is tried again that was outdated, and of which nothing is: another node has just stored the same facts. */
export const storedMeanwhileMax = 6

/** How long a transactionId promised by a remote start waits for its StartTransaction, in milliseconds. */
export const remoteStartPromiseMs = 120_000

/** Transaction ids that may be promised to one charge point at once; past it the oldest promise is forgotten. */
export const remoteStartPromisesMax = 32

/**
 * Connectors and transactions of one charge point of which it is remembered what they told last without a time. Past it the oldest is
 * forgotten, and a resend of what it told is stored as another fact.
 */
export const untimedSubjectsMax = 32

/**
 * How long a charge point may take to send what a command asked it for, in milliseconds; it is served before a boot is
 * accepted, too.
 */
export const askedMessageMs = 86_400_000

/** Transaction ids that one trip to the sequence fetches. */
export const transactionIdBlock = 1_000

/** How long shutdown may take before the process ends anyway, in milliseconds. */
export const shutdownMsMax = 10_000

/** How long sockets get to close by themselves during shutdown, in milliseconds. */
export const drainMsMax = 3_000

/** Over how long many connections are closed during shutdown, so that they do not all dial again in the same moment, in milliseconds. */
export const drainPaceMs = 2_000

/** Pause between two batches of connections that a shutdown closes (graceful drain), in milliseconds. */
export const drainTurnMs = 50

/** Connections that such a batch has at least. */
export const drainConnectionsMin = 25

/** Identity of a charge point: at most 48 characters (OCPP 2.0.1 Part 4 §3.1.1). */
export const identityCharactersMax = 48

/** Bytes that may wait in one socket for a slow reader; past it the socket is closed. */
export const socketBufferBytesMax = 1_048_576

/** Largest page of a REST list. */
export const pageSizeMax = 500

/** Rows of a list that are looked at on the embedded database: whatever reads more keeps charge points waiting. */
export const embeddedListRowsMax = 10_000

/** Open transactions of one charge point that its status is made of, the newest. */
export const openTransactionsShownMax = 1_000

/** Page of a REST list when none is asked for. */
export const pageSizeDefault = 20

/** Largest REST request body of an operator, in bytes. */
export const requestBodyBytesMax = 1_048_576
assert(callQueueBytesMax >= 2 * requestBodyBytesMax, 'callQueueBytesMax must hold the largest command')

/** Largest REST request body of a charge point with its own credentials, in bytes. */
export const chargePointBodyBytesMax = 65_536

/** JSON values that a REST request body holds: lists, objects, texts, numbers and the like. */
export const jsonValuesMax = 50_000

/** REST reads (GET) of one charge point, with its own credentials, that are under way at once. */
export const chargePointReadsAtOnceMax = 2

/** REST requests that change something or command, of one charge point with its own credentials, that are under way at once. */
export const chargePointCommandsAtOnceMax = 2

/** REST requests of either kind of one charge point that wait for their turn; past it they are answered 429. */
export const chargePointRequestsWaitingMax = 8

/** REST reads (GET) with one operator key that are under way at once. */
export const operatorReadsAtOnceMax = 16

/** REST requests that change something or command, with one operator key, that are under way at once: many wait for charge points. */
export const operatorCommandsAtOnceMax = 256

/** REST requests of either kind with one operator key that wait for their turn; past it they are answered 429. */
export const operatorRequestsWaitingMax = 64

/** Longest that a REST request waits for its turn before it is answered 429, in milliseconds. */
export const restWaitMsMax = 5_000

/** How long a refusal with 429 is held back, so that a client that tries again at once costs little, in milliseconds. */
export const restRefusalMs = 100

/** Refusals that are held back at once; past it they are answered at once. */
export const restRefusalsHeldMax = 1_024

/** Seconds that the sender of a REST request answered 429 is asked to wait. */
export const restRetryAfterSeconds = 1

/** Admission slots: charge points that connect at once, from their handshake until their state has been read. */
export const handshakesAtOnceMax = 128

/** Handshakes that may wait for an admission slot; past it new connections are refused with 503. */
export const handshakesWaitingMax = 20_000

/** Longest that a handshake waits for an admission slot before it is refused with 503, in milliseconds. */
export const handshakeWaitMsMax = 20_000

/** `Retry-After` of a handshake that is refused with 503, in seconds. */
export const retryAfterSeconds = 10

/** Levels that a frame may nest. OCPP needs under 20; thousands would exhaust the stack of whatever writes them again. */
export const frameDepthMax = 64

/** Longest frame that is parsed once more for its secrets, in characters; a longer one is looked through as a text. */
export const parsedForSecretsCharactersMax = 65_536

/** Largest integer that OCPP, JSON and a PostgreSQL `integer` all hold. */
export const integerMax = 2_147_483_647

/** Longest that an operator may have a CALL wait for its answer, in seconds. */
export const callTimeoutSecondsMax = 600

/**
 * Longest that a REST connection may be silent while a request is answered, in seconds: a CALL may wait in line as
 * long as for its answer, and statements come before and after it.
 */
export const restAnswerSecondsMax = 2 * callTimeoutSecondsMax + 120

/** Longest that an HTTP connection may be idle, in seconds. */
export const httpIdleSecondsMax = 10

/** Longest password or API key of a charge point, in characters. */
export const secretCharactersMax = 128

/** Longest id token: `idToken` of OCPP 2.x; 1.6 stops at 20. */
export const idTokenCharactersMax = 36

/** Longest id token that is looked up, in characters: a longer one is unknown, since none of that length can be stored. */
export const idTokenLookupCharactersMax = 255
assert(idTokenLookupCharactersMax >= idTokenCharactersMax, 'every id token that is stored must be found')

/** Variables of a device model that GET …/configuration answers with. */
export const configurationKeysMax = 10_000

/** Variables that one GetVariables asks for when nobody knows what the charge point takes (ItemsPerMessageGetVariables). */
export const variablesPerCallMax = 10

/** Longest that opening a connection to the database, or waiting for one of the pool, may take, in milliseconds. */
export const connectMsMax = 5_000

/**
 * Connections to PostgreSQL for what charge points wait for: one for each kind of look-up, of which one trip at a time is under way
 * (credentials, claims, disconnections, id tokens, transactions by either id), one for transaction ids and one for readiness.
 */
export const lookupConnectionsMax = 8

/** Connections to PostgreSQL for upkeep: the message log, partitions and retention, the look for ghosts, the lease twice. */
export const upkeepConnectionsMax = 5

/** Statements of the REST API that may wait for the connection of the embedded database. */
export const restStatementsWaitingMax = 256

/** Longest that work which can wait does so for the connection of the embedded database, in milliseconds. */
export const gateWaitMsMax = 5_000

/** Longest that such work lets what charge points wait for go first, in milliseconds; then it queues like everything else. */
export const gateYieldMsMax = 250

/**
 * How long a transaction of the writer may be without an answer before the database counts as away, in milliseconds:
 * a charge point that connects then should go to another node.
 */
export const commitSilentMsMax = 3_000

/** Longest that the question takes whether the database answers, in milliseconds. */
export const pingMsMax = 3_000

/** Longest that the look-up of an id token takes of which the last answer is remembered, in milliseconds. */
export const rememberedIdTokenMsMax = 1_500

/** Longest that one statement may take before its connection is given up, in milliseconds. */
export const queryMsMax = 30_000

/** Longest pause between two attempts to reach the database, in milliseconds; the first is `retryMsMin`. */
export const retryMsMax = 2_000

/** Pause before the second attempt to reach the database, in milliseconds. */
export const retryMsMin = 50

/** Charge points whose `last_seen_at` one transaction of the writer takes along. */
export const seenRowsMax = 500

/** Lines of the OCPP message log that one statement writes. */
export const messageLogBatchMax = 2_000

/** Bytes of the lines that one statement writes, counted in UTF-16 units; a single line may be larger. */
export const messageLogBatchBytesMax = 1_048_576

/** Id tokens that are remembered for the time when the database is away. */
export const idTokensRememberedMax = 100_000

/** Lock timeout of a migration, in milliseconds: while it waits, later statements on the table wait behind it. */
export const migrationLockMs = 200

/** Tables with rows in them that one migration may lock: it keeps the lock of the first while it waits for the others. */
export const migrationTablesMax = 4
// No charge point shall feel a migration: a second is what it may take to answer one.
assert(
  migrationLockMs * (migrationTablesMax + 1) <= 1_000,
  'a migration must not keep anybody waiting for over a second',
)

/** How often a start tries each migration while others use its tables, and how long after each try, in milliseconds. */
export const migrationAttemptsMax = 120
export const migrationPauseMs = 500

/** One in so many tries, and one in so many polls for a node's turn to migrate, is logged: one in ten seconds. */
export const migrationLogAttempts = 20

/** Longest that a node waits for another one that migrates, in milliseconds: large indexes take minutes. */
export const migrationTurnMsMax = 3_600_000

/** How often partitions are made ahead and old rows are deleted (retention), in milliseconds. */
export const maintenanceMs = 3_600_000

/** Longest that making or dropping a partition waits for its lock, in milliseconds: commits wait behind it. */
export const partitionLockMs = 200

/** How often it is tried in one turn of upkeep, and how long after each try, in milliseconds. */
export const partitionTriesMax = 20
export const partitionTryPauseMs = 500

/** Rows of the default partition that move to a new one: they move while nothing is committed, in well under a second. */
export const partitionMoveRowsMax = 20_000

/** Rows that one retention statement deletes, so that it holds its locks for a short time. */
export const retentionRowsMax = 5_000

/**
 * Such statements in one turn and of one table: two million rows an hour are deleted, the rest waits for the next turn.
 */
export const retentionBatchesMax = 400

/**
 * A charge point that was away for so long, in days, is recognised by what it sends again: transaction messages are
 * kept for no less, whatever is set.
 */
export const resendDays = 90

/** How often a node looks whether nodes of the version before still work on the database, in milliseconds. */
export const earlierNodesCheckMs = 60_000

/**
 * How long after the last node of the version before was seen the others go on writing what it would read, in hours:
 * for so long a deploy can be taken back.
 */
export const earlierNodesHours = 24

/** How often ghost transactions are looked for, in milliseconds. */
export const ghostCheckMs = 300_000

/** Suspects that one scan for ghost transactions goes through; the next scan continues after them. */
export const ghostsPerCheckMax = 1_000

/** Open transactions that such a scan goes through on the embedded database; the next scan continues after them. */
export const ghostCandidatesMax = 1_000

/** Meter values of a transaction, the newest by their own time, that are looked at for whether one has come lately. */
export const ghostMeterValuesMax = 1_000

/** How long lines of the OCPP message log are gathered, in milliseconds. */
export const messageLogFlushMs = 250

/** Open transactions of one charge point that its actor holds, the newest; older ones are looked up when they are named. */
export const openTransactionsMax = 64

/**
 * How far an energy register may go down by rounding, in watt-hours: some charge points cut here and round up there.
 */
export const meterRoundingWhMax = 1

/** Coarse steps in which charge points tell an energy register, in watt-hours: hundredths and tenths of a kilowatt-hour. */
export const registerStepsWh = [10, 100] as const

/**
 * Transactions of a charge point, the newest, among which the last stop of a connector is looked for when another one
 * starts.
 */
export const lastStopTransactionsMax = 64

/** Open transactions of one card, and of what may be the card, that are looked at when another one starts. */
export const openOfIdTokenMax = 16

/** Connectors that are kept of one charge point; what it tells of others is stored as events, with an anomaly. */
export const connectorsMax = 256

/**
 * States that one NotifyEvent may tell: the status and the problem of every connector that is kept of a charge point.
 */
export const stateEventsMax = 2 * connectorsMax

/** Longest that a start waits for each older transaction before it leaves the index of identities to the next start, in milliseconds. */
export const identityIndexLockMsMax = 10_000

/** Identities with several spellings that the log names at a start. */
export const alikeIdentitiesShownMax = 20

/** Problems of components that are shown of one charge point, the newest. */
export const problemsShownMax = 256

/** How often the embedded database is asked whether it still answers, in milliseconds. */
export const embeddedCheckMs = 1_000

/** How often in a row the embedded database may fail to answer before it is reopened. */
export const embeddedFailuresMax = 5

/**
 * How often a node looks for connections that an operator or a newer connection ended at another node, in milliseconds.
 * The socket of a charge point whose credentials changed is closed within twice this time.
 */
export const fenceCheckMs = 1_000

/**
 * How long a node holds its charge points after it has renewed its lease, in milliseconds. Then other nodes mark them as
 * not connected.
 */
export const leaseMs = 10_000

/** How often a node renews its lease, in milliseconds. */
export const leaseRenewMs = 3_000

/** Longest that the database may take to renew a lease, in milliseconds; then the next turn tries again. */
export const leaseRenewMsMax = 2_000
// One renewal that gets no answer must not cost the lease.
assert(2 * leaseRenewMs + leaseRenewMsMax < leaseMs, 'a lease must outlive a renewal that fails')

/**
 * Longest that another statement about leases may take, in milliseconds. A charge point whose end the database has not
 * stored for as long is looked at again, over another connection.
 */
export const leaseStatementMsMax = 5_000

/** Ends of connections that a node remembers while the database cannot be told; of others only the time of the telling is stored. */
export const unreportedEndsMax = 100_000

/** Longest that a node that stops waits for the database to take its charge points and its lease back, in milliseconds. */
export const leaseEndMsMax = 3_000
assert(drainMsMax + leaseEndMsMax < shutdownMsMax, 'a node must have the time to give its lease back')

/**
 * Renewals in a row after which a node marks charge points of other nodes as not connected. All nodes find their leases
 * expired when the database was away, and each must have had the time to renew its own first.
 */
export const leaseRenewalsBeforeSweep = 2

/** How often a node looks for expired leases of others, and for charge points of its own to set right, in milliseconds. */
export const leaseCheckMs = 1_000

/** How often a node compares the charge points that it holds with the database though nothing failed, in milliseconds. */
export const ownershipCheckMs = 60_000

/** Charge points that one statement marks as connected or not connected. */
export const ownershipRowsMax = 1_000

/** Problems of one payload that are told: the first of them, in the order of the schema. */
export const problemsMax = 5

/** Quirks of one frame that are noted: the first of each kind and field, in the order of the schema. */
export const quirksPerFrameMax = 64

/** Characters that a quirk tells of what was sent, and of where it stood. */
export const quirkTextCharactersMax = 255

/** What one frame of almost-JSON may need mended; past it the frame is unreadable. A sample each of a long session has room. */
export const textRepairsMax = 10_000

/** Log lines about one charge point that may come at once; after that `logLinesPerSecondMax`. */
export const logLinesAtOnceMax = 50

/** Log lines about one charge point in a second, over a longer time. */
export const logLinesPerSecondMax = 5

/**
 * Log lines about refused handshakes, of all connections together, that may come at once; after that
 * `logRefusalsPerSecondMax`.
 */
export const logRefusalsAtOnceMax = 500

/** Log lines about refused handshakes, of all connections together, in a second, over a longer time. */
export const logRefusalsPerSecondMax = 50

/** Charge points whose log lines are counted; past it the one that has been counted longest is forgotten. */
export const logIdentitiesMax = 20_000

/** Longest until a line says how many log lines were left out, in milliseconds. */
export const logSummaryMs = 10_000

/** Longest text in a field of a log line, in characters; what is longer is cut. */
export const logTextCharactersMax = 2_000

/** Longest `frame` in a log line, in characters; what is longer is cut. */
export const logFrameCharactersMax = 16_384

// The relations above are checked when Stator starts: a limit that breaks one never gets as far as a charge point.
function assert(holds: boolean, sentence: string): void {
  if (!holds) throw new RangeError(sentence)
}
