// Every limit of Stator, by name and with its unit last. A limit lives here or in the settings, nowhere else.

/** CALLs of one charge point that may wait for their turn; past it the socket is no longer read (TCP back pressure). */
export const inboxFramesMax = 64

/** Bytes of such CALLs; past it the socket is no longer read, either. One larger frame may always wait. */
export const inboxBytesMax = 262_144

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

/** Bytes that a charge point without allowance waits for: it is served in small lots then, not frame by frame. */
export const allowanceWaitBytes = 8_192

/** Bytes that the smallest frame costs: to read, decide and answer it takes as long as for a frame of this size. */
export const frameBytesMin = 256

/** Bytes of frames of one charge point that are served in one turn of the event loop; the others come next. */
export const turnBytesMax = 8_192

/** Longest that a charge point may keep sending more than its allowance before its connection is closed, in milliseconds. */
export const floodMsMax = 10_000

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

/** Change sets that one transaction commits. */
export const commitChangesMax = 2_000

/** Lines of the OCPP message log that may wait for the writer; past it lines are dropped and counted. */
export const messageLogLinesMax = 20_000

/** How long `last_seen_at` and `last_heartbeat_at` may lag behind, in milliseconds. */
export const lastSeenFlushMs = 2_000

/** CALLs to one charge point that may wait behind the outstanding one. */
export const callQueueCallsMax = 32

/** Longest that a CALL to a charge point waits for its answer, in milliseconds. */
export const callTimeoutMsDefault = 30_000

/** How long a message id whose CALL timed out is remembered, so that a late answer is told apart from an unknown one. */
export const lateAnswersMax = 16

/** Keys that one batched look-up asks for. */
export const lookupKeysMax = 1_000

/** Keys that may wait for a batched look-up. */
export const lookupWaitingMax = 50_000

/** Pause between two attempts of a message with facts to look up what it needs while the database is away, in milliseconds. */
export const lookupRetryMs = 250

/** How long a transactionId promised by a remote start waits for its StartTransaction, in milliseconds. */
export const remoteStartPromiseMs = 120_000

/** Transaction ids that may be promised to one charge point at once; past it the oldest promise is forgotten. */
export const remoteStartPromisesMax = 32

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

/** Pause between two lots of connections that are closed during shutdown, in milliseconds. */
export const drainTurnMs = 50

/** Connections that such a lot has at least. */
export const drainConnectionsMin = 25

/** Identity of a charge point: at most 48 characters (OCPP 2.0.1 Part 4 §3.1.1). */
export const identityCharactersMax = 48

/** Bytes that may wait in one socket for a slow reader; past it the socket is closed. */
export const socketBufferBytesMax = 1_048_576

/** Largest page of a REST list. */
export const pageSizeMax = 500

/** Page of a REST list when none is asked for. */
export const pageSizeDefault = 20

/** Largest REST request body, in bytes. */
export const requestBodyBytesMax = 1_048_576

/** Charge points that are let in at once: from their handshake until they have been read from the database. */
export const handshakesAtOnceMax = 128

/** Handshakes that may wait for their turn; past it newcomers are turned away with 503. */
export const handshakesWaitingMax = 20_000

/** Longest that a handshake waits for its turn before it is turned away with 503, in milliseconds. */
export const handshakeWaitMsMax = 20_000

/** Seconds that a newcomer refused with 503 is asked to wait. */
export const retryAfterSeconds = 10

/** Levels that a frame may nest. OCPP needs under 20; thousands would exhaust the stack of whatever writes them again. */
export const frameDepthMax = 64

/** Largest integer that OCPP, JSON and a PostgreSQL `integer` all hold. */
export const integerMax = 2_147_483_647

/** Longest that an operator may have a CALL wait for its answer, in seconds. */
export const callTimeoutSecondsMax = 600

/** Longest password or API key of a charge point, in characters. */
export const secretCharactersMax = 128

/** Longest id token: `idToken` of OCPP 2.x; 1.6 stops at 20. */
export const idTokenCharactersMax = 36

/** Variables of a device model that GET …/configuration answers with. */
export const configurationKeysMax = 10_000

/** Variables that one GetVariables asks for when nobody knows what the charge point takes (ItemsPerMessageGetVariables). */
export const variablesPerCallMax = 10

/** Longest that opening a connection to the database, or waiting for one of the pool, may take, in milliseconds. */
export const connectMsMax = 5_000

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

/** Id tokens that are remembered for the time when the database is away. */
export const idTokensRememberedMax = 100_000

/** How often a start tries to bring the tables up to date when others that write to them get in its way. */
export const migrationAttemptsMax = 10

/** How often partitions are made ahead, and what is old is forgotten, in milliseconds. */
export const maintenanceMs = 3_600_000

/** Rows that one statement forgets; its locks are short then. */
export const forgottenRowsMax = 5_000

/** Such statements in one turn and of one table: two million rows an hour are forgotten, the rest waits for the next turn. */
export const forgottenLotsMax = 400

/** How often ghost transactions are looked for, in milliseconds. */
export const ghostCheckMs = 300_000

/** Suspects that one look for ghost transactions goes through; the next look goes on behind them. */
export const ghostsPerCheckMax = 1_000

/** How long lines of the OCPP message log are gathered, in milliseconds. */
export const messageLogFlushMs = 250

/** Open transactions of one charge point that its actor holds, the newest; older ones are looked up when they are named. */
export const openTransactionsMax = 64

/** Connectors that are kept of one charge point; what it tells of others is stored as events, with an anomaly. */
export const connectorsMax = 256

/**
 * States that one NotifyEvent may tell: the status and the problem of every connector that is kept of a charge point.
 */
export const stateEventsMax = 2 * connectorsMax

/** Problems of components that are shown of one charge point, the newest. */
export const problemsShownMax = 256

/** How often the embedded database is asked whether it still answers, in milliseconds. */
export const embeddedCheckMs = 1_000

/** How often in a row the embedded database may fail to answer before it is opened anew. */
export const embeddedFailuresMax = 5

/** Problems of one payload that are told: the first of them, in the order of the schema. */
export const problemsMax = 5

/** Quirks of one frame that are noted: the first of each kind and field, in the order of the schema. */
export const quirksPerFrameMax = 64

/** Characters that a quirk tells of what was sent, and of where it stood. */
export const quirkTextCharactersMax = 255

/** What one frame of almost-JSON may need mended; past it the frame is unreadable. A sample each of a long session has room. */
export const textRepairsMax = 10_000
