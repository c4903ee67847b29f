// A long list: every limit of Stator, named with its unit last. A limit is defined here or in the settings, nowhere
// else.

/** Largest `OCPP.MaxMessageSize` that can be set, in bytes. */
export const frameBytesMax = 16_777_216

/**
 * CALLs of one charge point that may wait in its inbox; beyond it the socket is not read (back pressure through TCP).
 */
export const inboxFramesMax = 64

/** Bytes of such CALLs; beyond it the socket is not read either. One larger frame may always wait. */
export const inboxBytesMax = 262_144

/** Committed entries that may wait for one follower of the feed; a slow follower misses further ones. */
export const followerEntriesMax = 10_000

/** Bytes of the frames of such entries, counted in UTF-16 units. */
export const followerBytesMax = 33_554_432

/** Bytes of all received frames that are not served yet, over all charge points; beyond it no socket is read. */
export const receivedBytesMax = 268_435_456

/**
 * Absolute maximum of CALLs of one charge point that may wait. Bun still delivers what it had read from the socket
 * before it was paused: half a megabyte, which holds 8,000 Heartbeats with message ids of 36 characters.
 */
export const inboxBurstFramesMax = 16_384

/**
 * Bytes that Bun may have read from a socket before it was paused, and still delivers. The frame that it was assembling
 * comes on top.
 */
export const readAheadBytesMax = 1_048_576

/** Default of `Limits.BytesPerSecond`. A busy charge point with two connectors sends 5,000. */
export const allowanceBytesPerSecond = 262_144

/** Default of `Limits.BurstBytes`: a backlog of a thousand meter values, or two frames of maximum size. */
export const allowanceBytesMax = 2_097_152

/**
 * Largest debt of the allowance, in bytes, beside the last frame. One read from a socket may hold a hundred thousand
 * small frames, which are all served. The charge point that sent them then waits eight seconds, not minutes.
 */
export const allowanceDebtBytesMax = 2_097_152

/**
 * Bytes that the allowance must refill by before a throttled charge point is read again: small batches, not single
 * frames.
 */
export const allowanceWaitBytes = 8_192

/** The rows that are limited by the day; the settings `Limits.…PerDay` have the numbers. */
export const dailyKinds = ['connectors', 'variables', 'transactions', 'dataTransfers', 'events'] as const

/** All that is limited by the day. */
export const dailyLimitKinds = [...dailyKinds, 'bytes'] as const

/**
 * Default of `Limits.FramesPerSecond`: with the default of `Limits.BytesPerSecond` a frame costs 256 bytes at least. A
 * smaller one takes as long to serve as one of this size.
 */
export const framesPerSecondDefault = 1_024

/** Bytes of frames of one charge point that are served in one turn of the event loop, before other charge points. */
export const turnBytesMax = 8_192

/** How long a charge point may exceed its allowance before it is disconnected, in milliseconds. */
export const floodMsMax = 10_000

/**
 * How far the assigned time of receipt may run ahead of the clock, in milliseconds. Each frame of a connection gets a
 * later time than the one before, which keeps their order. A burst needs less than this; a clock that was set back
 * more.
 */
export const arrivalAheadMsMax = 1_000

/**
 * Bytes of frames that must wait before they cross to a worker, counted in UTF-16 units: from here on the crossing
 * costs the main thread less than their examination does. Fewer are examined on the main thread.
 */
export const crossingBytesMin = 32_768

/**
 * Bytes of frames that one task hands to a worker, and that may wait for each worker, counted in UTF-16 units. A worker
 * needs some 30 ms for as many; what comes on top is examined on the main thread.
 */
export const batchBytesMax = 1_048_576
assert(batchBytesMax >= crossingBytesMin, 'batchBytesMax must hold what is worth a crossing')

/** Frames up to this length are examined on the main thread at once: a meter value of one moment fits. */
export const inlineCharactersMax = 512

/** Rows of a meter block that single frames share, until it is read. */
export const sharedMeterRowsMax = 512

/**
 * Characters beyond which a frame is long. A long frame is examined by the thread for long frames, whatever the load,
 * and only the fields that decisions read come back. A shorter frame costs the main thread at most a millisecond or
 * two.
 */
export const shortFrameCharactersMax = 4_096

/** Worker threads when `Workers.PoolSize` is not set, on two cores or more. */
export const workerThreadsDefault = 1

/**
 * How long a worker may take for a task before it counts as stuck and is terminated, in milliseconds. A task takes a
 * few; the rest allows for a thread that has to start first, on a busy machine.
 */
export const taskMsMax = 5_000

/** Parts into which a batch that crashed a worker is split, repeatedly, until the frame that crashes it is isolated. */
export const quarantinePartsMax = 8

/** How often a single frame may crash its worker before the frame is refused. */
export const taskAttemptsMax = 2

/** Change sets that may wait for the writer; beyond it no message that carries facts is accepted. */
export const writerChangesMax = 50_000

/**
 * Bytes of change sets that may wait for the writer: the size of their frames, in UTF-16 units. In memory a decided
 * frame takes a few times as much.
 */
export const writerBytesMax = 67_108_864
assert(writerBytesMax >= 2 * frameBytesMax, 'writerBytesMax must hold the largest frame while others wait')

/** Change sets that one transaction commits. */
export const commitChangesMax = 2_000

/**
 * Rows of one transaction, counted in meter values. 2,500 took PostgreSQL 11 to 25 ms on the development machine, and
 * the next group waits that long. `commitChangesMax` ordinary change sets have one row each, so this limit does not cut
 * them.
 */
export const commitRowsMax = 2_500

/** Bytes of the frames that one transaction commits: `commitChangesMax` sets of a kilobyte. */
export const commitBytesMax = 2_097_152

/**
 * Rows per part of a large change set, counted in meter values. A part leaves room for other change sets in its group.
 */
export const partRowsMax = 1_000
assert(partRowsMax * 2 <= commitRowsMax, 'a part must leave room for others in its group')

/** Bytes of such a part; a single row may be larger. */
export const partBytesMax = 1_048_576
assert(partBytesMax * 2 <= commitBytesMax, 'a part must leave room for others in its group')

/** Lines of the OCPP message log that may wait for the writer; further lines are dropped and counted. */
export const messageLogLinesMax = 100_000

/** Bytes of such lines, counted in UTF-16 units; further lines are dropped and counted. */
export const messageLogBytesMax = 33_554_432
assert(messageLogBytesMax >= frameBytesMax, 'messageLogBytesMax must hold the largest frame')

/** How long `last_seen_at` and `last_heartbeat_at` may lag behind, in milliseconds. */
export const lastSeenFlushMs = 2_000

/** CALLs to one charge point that may wait behind the outstanding one. */
export const callQueueCallsMax = 32

/** Bytes of such CALLs, counted in UTF-16 units. */
export const callQueueBytesMax = 4_194_304

/** Default timeout of a CALL to a charge point, in milliseconds. */
export const callTimeoutMsDefault = 30_000

/** Message ids of timed-out CALLs that are remembered, to distinguish a late answer from an unknown one. */
export const lateAnswersMax = 16

/** Keys of one batched look-up. */
export const lookupKeysMax = 1_000

/** Bytes of the keys of one batched look-up, counted in UTF-16 units; a single key may be larger. */
export const lookupKeysBytesMax = 1_048_576

/** Keys that may wait for a batched look-up. */
export const lookupWaitingMax = 50_000

/** Bytes of such keys, counted in UTF-16 units: a 2.x transactionId of a lenient charge point may fill its frame. */
export const lookupWaitingBytesMax = 33_554_432
assert(lookupWaitingBytesMax >= frameBytesMax, 'lookupWaitingBytesMax must hold the largest key')

/** Pause between two look-up attempts of a message with facts while the database is unavailable, in milliseconds. */
export const lookupRetryMs = 250

/**
 * Attempts to decide a message, when each time another node has meanwhile stored something that changes the decision.
 */
export const decisionsMax = 6

/** Retries of a commit group that another node outdated although no change set of it is: both stored the same facts. */
export const storedMeanwhileMax = 6

/**
 * How long a transactionId that was promised to a remote start is reserved for its StartTransaction, in milliseconds.
 */
export const remoteStartPromiseMs = 120_000

/** Transaction ids that may be promised to one charge point at once; a further one evicts the oldest. */
export const remoteStartPromisesMax = 32

/**
 * Connectors and transactions of one charge point whose last message without a time is remembered, to recognise its
 * retransmission. A further one evicts the oldest: its retransmission is then stored as another fact.
 */
export const untimedSubjectsMax = 32

/**
 * How long a charge point may take to send a message that a command asked for, in milliseconds. Such a message is
 * served even before a boot is accepted.
 */
export const askedMessageMs = 86_400_000

/** Transaction ids that one round trip to the sequence fetches. */
export const transactionIdBlock = 1_000

/** How long shutdown may take before the process ends anyway, in milliseconds. */
export const shutdownMsMax = 10_000

/** How long a drain waits for sockets to close by themselves, in milliseconds. */
export const drainMsMax = 3_000

/** Duration of a drain that closes many connections, so that they do not all reconnect at once, in milliseconds. */
export const drainPaceMs = 2_000

/** Pause between two batches of connections that a graceful drain closes, in milliseconds. */
export const drainTurnMs = 50

/** Minimum size of such a batch, in connections. */
export const drainConnectionsMin = 25

/** Identity of a charge point: at most 48 characters (OCPP 2.0.1 Part 4 §3.1.1). */
export const identityCharactersMax = 48

/** Shortest RSA key of a certificate, in bits (A00.FR.502). */
export const rsaKeyBitsMin = 2_048

/** Shortest EC key of a certificate, in bits (A00.FR.503). */
export const ecKeyBitsMin = 224

/** Certificates that a client may send beside its own, and that a path to an authority may have. */
export const chainCertificatesMax = 8

/** Signatures that are verified to find the path of one client certificate to its authority. */
export const chainSignaturesMax = 16

/** How often the files of certificates are looked at for changes, in milliseconds. */
export const certificateFilesMs = 60_000

/** How long before its expiry a certificate is warned of, in milliseconds. */
export const certificateWarningMs = 30 * 86_400_000

/** Default of `Limits.TlsHandshakes`: those of the TLS front that may be under way. */
export const tlsHandshakesMax = 4_096

/** How long such a handshake may take before its connection is closed, in milliseconds. */
export const tlsHandshakeMsMax = 10_000

/**
 * Connections of the TLS front to one of its inner servers. Linux has 28,232 ports for connections to one address and
 * port (net.ipv4.ip_local_port_range), of which some are still held by connections that have just been closed.
 */
export const innerConnectionsMax = 20_000

/** Bytes that the TLS front keeps for a slow reader, in each direction; beyond it the connection is closed. */
export const relayBytesMax = 2_097_152
assert(relayBytesMax > readAheadBytesMax, 'relayBytesMax must hold what was read before the pause')

/** How long the TLS front waits for the other side once one side of a connection is closed, in milliseconds. */
export const relayCloseMsMax = 5_000

/**
 * How long the TLS front waits at its stop until what the inner servers sent is on its way to the clients, in
 * milliseconds.
 */
export const frontStopMsMax = 1_000

/** Client addresses of which a repeated log line is left out. */
export const loggedAddressesMax = 1_024

/** For how long such a line is left out, in milliseconds. */
export const loggedAddressMs = 3_600_000

/** Bytes that may wait in one socket for a slow reader; beyond it the socket is closed. */
export const socketBufferBytesMax = 1_048_576

/** Largest page of a REST list. */
export const pageSizeMax = 500

/** Rows that one REST list reads on the embedded database: a longer read would delay charge points. */
export const embeddedListRowsMax = 10_000

/**
 * Charge points that one REST list looks at, by identity, for filters that have no index: a larger fleet is narrowed by
 * `status` or `connected`.
 */
export const filteredChargePointsMax = 100_000

/** Levels of groups of charge points, and how many groups there may be: all of them are read to show some. */
export const groupDepthMax = 8
export const groupsMax = 10_000
assert(groupsMax <= embeddedListRowsMax, 'groupsMax must not exceed embeddedListRowsMax, which lists of groups keep to')

/** Longest name of a group, in characters. */
export const groupNameCharactersMax = 100

/**
 * Charge points of a scope of groups whose rows the embedded database reads one charge point after the other. A scope
 * with more has most of what is stored there: it is for `embeddedStationsMax` charge points.
 */
export const scopeKeysMax = 200

/** Sets of charge points, of groups and of deleted ones, that a node keeps; each has a bit for each charge point. */
export const chargePointSetsMax = 32

/** The longest of these sets, in bytes: a bit for each number between its lowest and its highest key. */
export const keyBitsBytesMax = 1_048_576

/** Messages, or events, of a charge point that one REST list looks at, the newest, for filters that have no index. */
export const filteredMessagesMax = 10_000

/** Blocks of the message log that one statement reads. */
export const blocksReadAtOnce = 128

/** How often a list of messages is begun again, because blocks were merged while it was read. */
export const blockReadTriesMax = 10

/** Open transactions of one charge point that its status is computed from: the newest. */
export const openTransactionsShownMax = 1_000

/**
 * Rows of a REST list on PostgreSQL that are counted, and reached by page number, where no counter knows how many there
 * are. A longer list is read on with cursors.
 */
export const listedExactlyMax = 10_000

/** Characters of a cursor of a REST list: the key of a row, in which the names of a variable may stand. */
export const listCursorCharactersMax = 4_096

/** Default page size of a REST list. */
export const pageSizeDefault = 20

/** Largest REST request body of an operator, in bytes. */
export const requestBodyBytesMax = 1_048_576
assert(callQueueBytesMax >= 2 * requestBodyBytesMax, 'callQueueBytesMax must hold the largest command')

/** Longest tariff of a driver, in characters of JSON: it is in the answer to each Authorize. */
export const driverTariffCharactersMax = 16_384

/** Largest REST request body of a charge point with its own credentials, in bytes. */
export const chargePointBodyBytesMax = 65_536

/** JSON values (lists, objects, texts, numbers, …) of one REST request body. */
export const jsonValuesMax = 50_000

/** Lines of one batch of charge points or id tags. */
export const batchLinesMax = 10_000

/** Largest body of a batch, in bytes: 400 bytes a line, twice as long as a line with all fields usually is. */
export const batchBodyBytesMax = 4_194_304

/** JSON values of the body of a batch: each line is an object with up to seven fields. */
export const batchJsonValuesMax = 100_000
assert(batchJsonValuesMax >= batchLinesMax * 8, 'batchJsonValuesMax must hold all fields of all lines')

/** Largest body that the HTTP server reads at all, in bytes; a larger one is refused with a bare 413. */
export const httpBodyBytesMax = 8_388_608
assert(httpBodyBytesMax >= 2 * batchBodyBytesMax, 'httpBodyBytesMax must leave room for a 413 that says what to do')

/** How long a browser may remember the answer to a preflight (CORS), in seconds. */
export const corsSeconds = 600

/** How long a client may take to send a request body, in milliseconds. */
export const requestBodyMsMax = 30_000

/** Errors that the answer to a refused batch lists; it says how many there are. */
export const batchErrorsShownMax = 1_000

/** Errors that are listed for one line of a batch. */
export const batchLineErrorsMax = 10

/** Characters of a name or of a wrong value that the answer to a batch repeats. */
export const batchTextCharactersMax = 100

/** Lines of a batch that are checked and hashed in one turn of the event loop. */
export const batchTurnLines = 100

/** Characters of CSV that are parsed in one turn of the event loop. */
export const csvTurnCharacters = 32_768

/** Lines of a batch that one statement reads or writes; with `partial`, that one transaction stores. */
export const batchPieceLines = 500

/** Lock timeout of a batch, in milliseconds: a commit may wait for a row that the batch has changed. */
export const batchLockMs = 200

/** Attempts to store a batch while others change the same rows, and the pause between two attempts, in milliseconds. */
export const batchTriesMax = 20
export const batchTryPauseMs = 250

/** Rows of a list that one CSV file holds. A longer list is narrowed with a filter. */
export const csvRowsMax = 100_000

/** Rows of a CSV file that one statement reads. */
export const csvPageRows = 1_000

/** CSV files of whole lists that are made at once; each is in memory until it is sent. */
export const csvFilesAtOnceMax = 2

/** Requests for such files that may wait; further ones are answered 429. */
export const csvFilesWaitingMax = 16

/** Concurrent REST reads (GET) of one charge point with its own credentials. */
export const chargePointReadsAtOnceMax = 2

/** Concurrent REST writes and commands of one charge point with its own credentials. */
export const chargePointCommandsAtOnceMax = 2

/** REST requests of either kind of one charge point that may wait; further ones are answered 429. */
export const chargePointRequestsWaitingMax = 8

/** Concurrent REST reads (GET) with one operator key. */
export const operatorReadsAtOnceMax = 16

/** Concurrent REST writes and commands with one operator key: many of them wait for charge points. */
export const operatorCommandsAtOnceMax = 256

/** REST requests of either kind with one operator key that may wait; further ones are answered 429. */
export const operatorRequestsWaitingMax = 64

/** How long a REST request may wait before it is answered 429, in milliseconds. */
export const restWaitMsMax = 5_000

/** Delay of a 429 response, in milliseconds: a client that retries immediately then costs little. */
export const restRefusalMs = 100

/** 429 responses that may be delayed at the same time; further ones are sent at once. */
export const restRefusalsHeldMax = 1_024

/** `Retry-After` of a REST request that is answered 429, in seconds. */
export const restRetryAfterSeconds = 1

/** Admission slots: charge points that connect at once, from their handshake until their state has been read. */
export const handshakesAtOnceMax = 128

/** Default of `Limits.HandshakesWaiting`: those that may wait for an admission slot. */
export const handshakesWaitingMax = 20_000

/** How long a handshake may wait for an admission slot before it is refused with 503, in milliseconds. */
export const handshakeWaitMsMax = 20_000

/** `Retry-After` of a handshake that is refused with 503, in seconds. */
export const retryAfterSeconds = 10

/** Nesting depth of a frame. OCPP needs less than 20; serializing thousands of levels would exhaust the stack. */
export const frameDepthMax = 64

/** Longest frame that is parsed again to hide its secrets, in characters; a longer one is searched as text. */
export const parsedForSecretsCharactersMax = 65_536

/** Largest integer that OCPP, JSON and the PostgreSQL type `integer` all support. */
export const integerMax = 2_147_483_647

/** Largest timeout that an operator may set for a CALL, in seconds. */
export const callTimeoutSecondsMax = 600

/**
 * Idle timeout of a REST connection while its request is being answered, in seconds. A CALL may wait in the queue as
 * long as for its answer, and statements run before and after it.
 */
export const restAnswerSecondsMax = 2 * callTimeoutSecondsMax + 120

/** Idle timeout of an HTTP connection, in seconds. */
export const httpIdleSecondsMax = 10

/** Failed attempts at credentials count for this long at least, and twice as long at most, in milliseconds. */
export const attemptWindowMs = 600_000

/** Pairs of address and identity whose failed attempts are remembered; the older half is forgotten first. */
export const attemptsRememberedMax = 100_000

/** Credentials that were right, by digest: they are compared at once. The older half is forgotten first. */
export const provenCredentialsMax = 200_000

/** Interval at which attempts of an address that has failed too often at an identity are compared, in milliseconds. */
export const attemptPaceMs = 50

/** How long such an attempt may wait for its turn, in milliseconds; then it is refused with 429. */
export const attemptWaitMsMax = 10_000

/** How long the first refusal of such an address is held back, in milliseconds; each further one twice as long. */
export const refusalHoldMsMin = 250

/** Longest time that a refusal is held back, in milliseconds. */
export const refusalHoldMsMax = 5_000

/** Refusals that are held back at the same time. */
export const refusalsHeldMax = 5_000

/** Shortest password or API key that a charge point may be given, in characters. OCPP asks for 16 of a password. */
export const secretCharactersMin = 8

/** Longest password or API key of a charge point, in characters. */
export const secretCharactersMax = 128

/** Longest id token: `idToken` of OCPP 2.1; 2.0.1 stops at 36, and 1.6 at 20. */
export const idTokenCharactersMax = 255

/** Longest parent id tag: the group of an id token in 2.0.1 (IdTokenType). 1.6 is told shorter ones only (§7.28). */
export const parentIdTagCharactersMax = 36
export const idTagCharactersMax16 = 20

/** EVSEs of one charge point, with the sources of their limits, that lists of limits and vehicles show. */
export const chargingPlacesMax = 1_000

/** Id tokens of the local list of a charge point: a request with all of them is within `jsonValuesMax`. */
export const localListEntriesMax = 5_000

/** Id tokens per SendLocalList when the charge point does not say how many it takes. */
export const localListItemsDefault = 50

/** Bytes of a SendLocalList beside its items: the frame, and the members with version and type. */
export const localListOverheadBytes = 256

/** SendLocalLists whose answers a request waits for. With more it is answered before they are sent. */
export const localListPartsAwaitedMax = 5

/** Charging profiles of one ReportChargingProfiles that the registry takes. */
export const reportedProfilesMax = 100

/** Display messages of one NotifyDisplayMessages that the registry takes. */
export const reportedDisplayMessagesMax = 100

/** Tariffs of one answer to GetTariffs that are stored. */
export const reportedTariffsMax = 1_000

/** Longest id token that is looked up, in characters. A longer one is unknown, since it cannot be stored. */
export const idTokenLookupCharactersMax = 255
assert(idTokenLookupCharactersMax >= idTokenCharactersMax, 'every id token that is stored must be found')

/** Variables of a device model that GET …/configuration returns. */
export const configurationKeysMax = 10_000

/**
 * Ranges of parts that are kept of a report in parts. A report whose parts come in order has one range; a part that
 * would make more is stored, but counts as missing.
 */
export const reportRangesMax = 100

/** Variables that one request reads or sets. */
export const variablesPerRequestMax = 500

/** Components and variables that one request for a report names. */
export const reportedVariablesMax = 100

/** Reports of a charge point that GET …/reports returns. */
export const reportsShownMax = 100

/**
 * A request that is split into several messages: after this time no other one of them is sent, in milliseconds. The one
 * under way has its own timeout.
 */
export const splitRequestMsMax = 120_000

/** Variables per GetVariables when the limit of the charge point (ItemsPerMessageGetVariables) is unknown. */
export const variablesPerCallMax = 10

/** Timeout for opening a database connection, and for waiting for one of the pool, in milliseconds. */
export const connectMsMax = 5_000

/**
 * PostgreSQL connections for the look-ups that charge points wait for. Each kind of look-up has one batch under way at
 * a time (credentials, claims, disconnections, id tokens, transactions by either id); one connection is for transaction
 * ids and one for readiness.
 */
export const lookupConnectionsMax = 8

/**
 * PostgreSQL connections for maintenance: message log and two for its merges, partitions and retention, ghost
 * detection, two for the lease.
 */
export const upkeepConnectionsMax = 7

/** Statements of the REST API that may wait for the connection of the embedded database. */
export const restStatementsWaitingMax = 256

/** How long low-priority work may wait for the connection of the embedded database, in milliseconds. */
export const gateWaitMsMax = 5_000

/**
 * How long low-priority work yields to the work of charge points, in milliseconds; then it queues like everything else.
 */
export const gateYieldMsMax = 250

/**
 * How long a transaction of the writer may take before the database counts as unavailable, in milliseconds. A charge
 * point that connects then should go to another node.
 */
export const commitSilentMsMax = 3_000

/** Timeout of the readiness query to the database, in milliseconds. */
export const pingMsMax = 3_000

/** How long `bun run health` waits for an answer, in milliseconds. */
export const healthAnswerMsMax = 5_000
assert(healthAnswerMsMax > pingMsMax, 'healthAnswerMsMax must leave time to find out that the database is away')

/** Timeout for looking up an id token whose last result is cached, in milliseconds; then the cached result is used. */
export const rememberedIdTokenMsMax = 1_500

/** Statement timeout in milliseconds; then the connection is closed. */
export const queryMsMax = 30_000

/** Longest pause between two attempts to reach the database, in milliseconds; the first is `retryMsMin`. */
export const retryMsMax = 2_000

/** Pause before the second attempt to reach the database, in milliseconds. */
export const retryMsMin = 50

/** Charge points whose `last_seen_at` one transaction of the writer updates. Facts wait for it, two milliseconds. */
export const seenRowsMax = 100

/** How long the writer's connection keeps its first query plans, in milliseconds; the next ones for twice as long. */
export const plansKeptMsMin = 2_000

/** How long it keeps query plans at most, in milliseconds. */
export const plansKeptMsMax = 64_000

/** Lines of the OCPP message log in a block, as they are logged. */
export const messageLogBatchMax = 4_000

/** Bytes of the text of such a block; a single line may be larger. */
export const messageLogBatchBytesMax = 1_048_576

/** Bytes of lines that are compressed in the main thread, which takes less than to send them to another one. */
export const packInlineBytesMax = 16_384

/** Bytes of the text of a block that a merge writes; its last line may go over it. */
export const mergedBlockBytes = 262_144

/**
 * Refused handshakes that wait to be stored, one per identity: of charge points that were found, and as many of those
 * that were not looked up. Further identities are left out until the next flush.
 */
export const refusalsWaitingMax = 500

/** Interval at which they are stored, in milliseconds: one statement, however many handshakes were refused. */
export const refusalsFlushMs = 2_000

/** Different security events that wait to be stored; further ones are counted under their type alone. */
export const securityEventsWaitingMax = 500

/** Interval at which they are stored, in milliseconds: one statement, however many there were. */
export const securityEventsFlushMs = 5_000

/** Characters of the reason of a refusal that are stored: it may quote what the charge point sent. */
export const refusalReasonCharactersMax = 200

/** Rows of the history of connections in which the last end of a connection, and its opening, are looked for. */
export const lastConnectionsMax = 64

/** Id tokens in the cache that serves authorisations while the database is unavailable. */
export const idTokensRememberedMax = 100_000

/** Lock timeout of a migration, in milliseconds: while it waits, later statements on the table wait behind it. */
export const migrationLockMs = 200

/** Non-empty tables that one migration may lock: it keeps the lock of the first while it waits for the others. */
export const migrationTablesMax = 4
// Charge points must not notice a migration: answering one may take at most a second.
assert(
  migrationLockMs * (migrationTablesMax + 1) <= 1_000,
  'a migration must not keep anybody waiting for over a second',
)

/** Attempts per migration while other sessions use its tables, and the pause between two attempts, in milliseconds. */
export const migrationAttemptsMax = 120
export const migrationPauseMs = 500

/** Every how many attempts, or polls for this node's turn to migrate, a line is logged: about every ten seconds. */
export const migrationLogAttempts = 20

/** How long a node waits while another one migrates, in milliseconds: large indexes take minutes. */
export const migrationTurnMsMax = 3_600_000

/** Time after an upgrade in which meter values are not packed, in milliseconds: it may be taken back. */
export const packMeterValuesAfterMs = 3_600_000

/** Pieces of meter values between two numbers that a thread keeps with their codes. */
export const meterPiecesMax = 1_000

/** The longest such piece, in UTF-16 units: a sample with every member of OCPP has 250. */
export const meterPieceCharactersMax = 500

/** Hashes of credentials from before there were salts that one statement salts. */
export const hashesSaltedAtOnce = 500

/** Time after a start in which they are left as they are, in milliseconds: the earlier version may be started again. */
export const saltHashesAfterMs = 3_600_000

/** Interval of maintenance, in milliseconds: creates partitions ahead and deletes old rows (retention). */
export const maintenanceMs = 3_600_000

/** Interval in which noted changes are added to the counters of transactions, in milliseconds. */
export const foldCountsMs = 10_000

/** Longest statement that counts all transactions, in milliseconds. */
export const countAllMsMax = 3_600_000

/** Lock timeout for creating or dropping a partition, in milliseconds: commits wait behind it. */
export const partitionLockMs = 200

/** Attempts to do so in one maintenance run, and the pause between two attempts, in milliseconds. */
export const partitionTriesMax = 20
export const partitionTryPauseMs = 500

/** Rows of the default partition that may move to a new one: commits wait meanwhile, for well under a second. */
export const partitionMoveRowsMax = 20_000

/** Ids of the smallest and of the largest partition of transactions. */
export const transactionPartitionIdsMin = 100_000
export const transactionPartitionIdsMax = 50_000_000
/** Ids of transactions that one prepared statement of the writer covers: a node has one for each span in use. */
export const statementIdsStep = 10 * transactionPartitionIdsMin
assert(transactionPartitionIdsMin >= 100 * transactionIdBlock, 'a partition must have ids for many blocks of nodes')

/** Size of the default partition of transactions up to which others are created: it is read while commits wait. */
export const transactionDefaultBytesMax = 268_435_456

/** Longest statement that reads a whole partition while nothing waits for it, in milliseconds. */
export const partitionQueryMsMax = 600_000

/** Rows per DELETE statement of retention, so that locks are held briefly. */
export const retentionRowsMax = 5_000

/**
 * Such statements per maintenance run and table: two million rows an hour are deleted, the next run continues.
 */
export const retentionBatchesMax = 400

/**
 * How long a retransmission is recognised at least, in days: idempotency keys of transaction messages are kept for no
 * less, whatever the retention setting says.
 */
export const resendDays = 90

/** How often a node checks whether nodes of the previous version still use the database, in milliseconds. */
export const earlierNodesCheckMs = 60_000

/**
 * How long the previous version's ledger is still written after the last node of that version was seen, in hours. A
 * deploy can be rolled back during that time.
 */
export const earlierNodesHours = 24

/** Interval of the scan for ghost transactions, in milliseconds. */
export const ghostCheckMs = 300_000

/** Candidates per scan for ghost transactions; a cursor lets the next scan continue after them. */
export const ghostsPerCheckMax = 1_000

/** Open transactions per scan on the embedded database; the next scan continues after them. */
export const ghostCandidatesMax = 1_000

/** Newest meter values of a transaction that a scan reads, to see whether one was received lately. */
export const ghostMeterValuesMax = 1_000

/** Open transactions that a list of ghosts looks at, by charge point. */
export const listedGhostCandidatesMax = 100_000

/** Ghosts that one list finds; and on the embedded database, where as many of their meter values are read. */
export const listedGhostsMax = 1_000
export const embeddedListedGhostsMax = 100
assert(embeddedListedGhostsMax ** 2 <= embeddedListRowsMax, 'a list of ghosts reads no more than any other list')

/** Pause between two looks for blocks of the message log that are to be merged, in milliseconds. */
export const messageMergeMs = 10_000

/** Bytes of the text of the blocks that one step of a merge reads; on the embedded database it reads fewer at once. */
export const mergeBytes = 25_165_824
export const embeddedMergeBytes = 4_194_304

/** Blocks as they were logged that a day has before they are merged, if they do not have `mergeBytes` before. */
export const freshBlocksMax = 256

/** Runs of one level that a day has before they are merged with each other. */
export const runsMax = 128

/** Runs that a day that has ended may have. */
export const runsOfEndedDayMax = 8

/** How long after its end a day may still get lines, in milliseconds. */
export const mergeDelayMs = 60_000

/** How often all days that have ended are looked at, in milliseconds. */
export const mergeDaysMs = 3_600_000
assert(mergeDaysMs > mergeDelayMs, 'a day that has ended must be looked at after its last lines')

/** Flush interval of the OCPP message log, in milliseconds. */
export const messageLogFlushMs = 500

/**
 * How far the clock may step back, in milliseconds, before the message log takes the new time: until then its lines
 * have the time of the one before, so that they keep their order.
 */
export const messageLogStepBackMsMax = 1_000

/**
 * Open transactions that the actor of a charge point holds: the newest. Older ones are looked up when a message names
 * them.
 */
export const openTransactionsMax = 64

/**
 * How far an energy register may fall because of rounding, in watt-hours: some charge points truncate in one message
 * and round in another.
 */
export const meterRoundingWhMax = 1

/** Coarse resolutions of energy registers, in watt-hours: hundredths and tenths of a kilowatt-hour. */
export const registerStepsWh = [10, 100] as const

/**
 * Newest transactions of a charge point that are searched for the last stop of a connector when another transaction
 * starts.
 */
export const lastStopTransactionsMax = 64

/** Open transactions of one id token, and of tokens that may be the same, that are checked when another one starts. */
export const openOfIdTokenMax = 16

/** Connectors stored per charge point; reports about further ones are stored as events, with an anomaly. */
export const connectorsMax = 256

/**
 * States that one NotifyEvent may report: the status and the problem of every stored connector of a charge point.
 */
export const stateEventsMax = 2 * connectorsMax

/**
 * How long a start waits for older transactions before it leaves the index of identities to the next start, in
 * milliseconds.
 */
export const identityIndexLockMsMax = 10_000

/** Identities that differ only in letter case: how many the log names at a start. */
export const alikeIdentitiesShownMax = 20

/** Events of one NotifyEvent that may begin or end alarms: the last ones. All of them are stored as a message. */
export const alarmEventsMax = 256

/** Open alarms of a charge point. It may invent components without end; further alarms are events only. */
export const openAlarmsMax = 1_000

/** Event streams of one GetPeriodicEventStream answer that are stored: the first ones. Charge points have a few. */
export const listedStreamsMax = 1_000

/** Problems of components shown per charge point: the newest. */
export const problemsShownMax = 256

/** Charge points above which a start on the embedded database advises PostgreSQL: it was not measured with more. */
export const embeddedStationsMax = 200

/** Interval of the health check of the embedded database, in milliseconds. */
export const embeddedCheckMs = 1_000

/** Consecutive failed health checks after which the embedded database is reopened. */
export const embeddedFailuresMax = 5

/**
 * How often a node reads the fencing tokens (epochs) of its connections, in milliseconds: an operator, or a newer
 * connection at another node, may have ended them. The socket of a charge point whose credentials changed is closed
 * within twice this time.
 */
export const fenceCheckMs = 1_000

/**
 * Duration of a node's lease, in milliseconds. When it expires, other nodes mark the charge points of the node as not
 * connected.
 */
export const leaseMs = 10_000

/** How often a node renews its lease, in milliseconds. */
export const leaseRenewMs = 3_000

/** Timeout of a lease renewal, in milliseconds; the next renewal tries again. */
export const leaseRenewMsMax = 2_000
// The lease must survive one renewal that times out.
assert(2 * leaseRenewMs + leaseRenewMsMax < leaseMs, 'a lease must outlive a renewal that fails')

/**
 * Timeout of other statements about leases, in milliseconds. If the end of a connection was not stored within it, it is
 * tried again over another database connection.
 */
export const leaseStatementMsMax = 5_000

/**
 * Ends of connections that a node remembers while it cannot store them; further ones are stored with the time of
 * storing.
 */
export const unreportedEndsMax = 100_000

/** How long a stopping node waits for the database to release its charge points and its lease, in milliseconds. */
export const leaseEndMsMax = 3_000
assert(drainMsMax + leaseEndMsMax < shutdownMsMax, 'a node must have the time to give its lease back')

/**
 * Consecutive renewals before a node marks charge points of other nodes as not connected. After an outage of the
 * database all leases are expired, and each node needs time to renew its own.
 */
export const leaseRenewalsBeforeSweep = 2

/** How often a node checks for expired leases of others, and for its own charge points to repair, in milliseconds. */
export const leaseCheckMs = 1_000

/** How often a node compares its charge points with the database even if nothing failed, in milliseconds. */
export const ownershipCheckMs = 60_000

/** Charge points that one statement marks as connected or not connected. */
export const ownershipRowsMax = 1_000

/** Problems reported per payload: the first, in the order of the schema. */
export const problemsMax = 5

/** Quirks noted per frame: the first of each kind and field, in the order of the schema. */
export const quirksPerFrameMax = 64

/** Characters of a quirk's sent value, and of its path. */
export const quirkTextCharactersMax = 255

/**
 * Repairs per frame of malformed JSON; beyond it the frame is unreadable. Enough for one per sample of a long
 * transaction.
 */
export const textRepairsMax = 10_000

/** Burst of log lines about one charge point; after that `logLinesPerSecondMax`. */
export const logLinesAtOnceMax = 50

/** Log lines about one charge point per second, in the long term. */
export const logLinesPerSecondMax = 5

/**
 * Burst of log lines about refused handshakes, over all connections; after that `logRefusalsPerSecondMax`.
 */
export const logRefusalsAtOnceMax = 500

/** Log lines about refused handshakes per second over all connections, in the long term. */
export const logRefusalsPerSecondMax = 50

/** Charge points whose log lines are counted; a further one evicts the one counted longest. */
export const logIdentitiesMax = 20_000

/** Interval of the line that says how many log lines were suppressed, in milliseconds. */
export const logSummaryMs = 10_000

/** Longest text in a field of a log line, in characters; a longer one is cut. */
export const logTextCharactersMax = 2_000

/** Longest `frame` in a log line, in characters; a longer one is cut. */
export const logFrameCharactersMax = 16_384

/** Charge points that one credential rotation may name. */
export const rotationIdentitiesMax = 10_000

/** Unknown identities that an error names; of others it says how many there are. */
export const identitiesNamedMax = 10

/** Charge points of one credential rotation, if a filter selects them. */
export const rotationItemsMax = filteredChargePointsMax

/** Credential rotations that may run at once. */
export const rotationsRunningMax = 100

/** How many charge points a credential rotation sends a new password in a minute, unless it says otherwise. */
export const rotationPerMinuteDefault = 60
export const rotationPerMinuteMax = 6_000

/** When a credential rotation expires, in hours, unless it says otherwise. */
export const rotationHoursDefault = 24
export const rotationHoursMax = 720

/** New passwords that one node may have under way for credential rotations at once. */
export const rotationCallsMax = 100

/** How often a node looks for the next charge points while a credential rotation runs, in milliseconds. */
export const rotationTurnMs = 1_000

/** The time whose unused turns a credential rotation may make up for at once, in milliseconds. */
export const rotationBurstMs = 5_000
assert(rotationBurstMs > rotationTurnMs, 'a turn must be able to take all that its time allows')

/** How often a node looks for items of ended nodes, deleted charge points and expired rotations, in milliseconds. */
export const rotationUpkeepMs = 5_000

/** When an item is tried again after nothing could be sent, in milliseconds. */
export const rotationAgainMs = 5_000

/**
 * How long a stopping node waits for the answers of charge points to their new passwords, and then for the database to
 * store what became of them, in milliseconds.
 */
export const rotationStopMsMax = 1_000
assert(
  drainMsMax + leaseEndMsMax + 2 * rotationStopMsMax < shutdownMsMax,
  'a node must have the time to wait for answers, and to give its lease back',
)

/** Characters of a status or an error in an item of a credential rotation; a longer one is cut. */
export const rotationTextCharactersMax = 500

/** Erasures of id tokens that may be under way at once. */
export const erasuresOpenMax = 100

/**
 * How long what arrives with an erased id token is erased as well, in milliseconds: frames that wait to be written, and
 * messages that charge points send again.
 */
export const erasureSettleMs = 900_000

/** How long before an erasure a message may have been received that was written only after it, in milliseconds. */
export const erasureUnderWayMs = 3_600_000

/** How often a node looks for erasures of id tokens that have something to do, in milliseconds. */
export const erasureTurnMs = 2_000

/** Pause between two steps of an erasure, in milliseconds. */
export const erasurePauseMs = 50

/** How long one step of an erasure should take, in milliseconds: it reads more or fewer pages of a table next time. */
export const erasureStepMs = 50

/** Pages of a table that one step of an erasure reads, at first and at most. */
export const erasurePagesMin = 8
export const erasurePagesMax = 2_048

/** Rows, and bytes of their texts, that an erasure searches without a pause; a larger row is alone. */
export const erasureRowsMax = 50
export const erasureBytesMax = 1_048_576

/** Blocks of the message log that an erasure reads at once. */
export const erasureBlocksAtOnce = 16

/** Transactions of an id token that its erasure replaces at once; its scan replaces the others. */
export const erasedAtOnceMax = 10_000

/** Random characters of a pseudonym; with `ERASED-` before them, it is no longer than an idTag of 1.6. */
export const pseudonymCharacters = 12

/** Open transactions that the refusal of an erasure names. */
export const erasureTransactionsNamedMax = 10

// The relations above are asserted when Stator starts, so that no process runs with limits that contradict each other.
function assert(holds: boolean, sentence: string): void {
  if (!holds) throw new RangeError(sentence)
}

/** Rows that a move to another database reads at once. */
export const moveChunkRowsMax = 1_000

/** Bytes of rows that a move to another database has in memory at once; one larger row may always be moved. */
export const moveChunkBytesMax = 4_194_304

/** How long a move to another database waits for others that use its tables, in milliseconds. */
export const moveLockMsMax = 5_000

/** Longest bearer token, in characters. Tokens with many roles have a few thousand. */
export const tokenCharactersMax = 8_192

/** Interval at which the keys of bearer tokens are read, in milliseconds. A withdrawn key is valid for as long. */
export const tokenKeysRefreshMs = 300_000

/** Pause after keys could not be read, in milliseconds. */
export const tokenKeysRetryMs = 10_000

/**
 * Minimum time between two readings of the keys that tokens with an unknown key cause, in milliseconds, however many
 * such tokens are presented.
 */
export const tokenKeysCooldownMs = 30_000

/** Timeout of one request to the issuer, in milliseconds. */
export const tokenKeysFetchMsMax = 5_000
assert(tokenKeysCooldownMs > 2 * tokenKeysFetchMsMax, 'a reading of two requests must end before the next begins')

/** How long a token waits for keys that are being read, in milliseconds: it may hold an admission slot meanwhile. */
export const tokenKeysWaitMsMax = 2_000

/** Largest answer of the issuer, and largest file of keys, in bytes. */
export const tokenKeysBytesMax = 262_144

/** Keys of an issuer; a set with more is not taken over. */
export const tokenKeysMax = 100

/** Keys that a token which names none is tried with. */
export const tokenKeysTriedMax = 8

/** Longest claim of a token in a log line or as the name of an operator, in characters. */
export const tokenClaimCharactersMax = 100

/** Longest RSA key that charge points may have certificates for, in bits: what one verification may cost. */
export const rsaKeyBitsMax = 8_192

/** Validity of the certificate authority that Stator makes, in years. */
export const authorityYears = 20

/** How far before its making a certificate is valid, in milliseconds: clocks of charge points may be behind. */
export const certificateBackdateMs = 3_600_000

/** Jobs of one charge point that may be open; no further one is made. */
export const jobsOpenMax = 100

/** Jobs of one charge point that a message of it is compared with: the newest. */
export const jobsLookedAtMax = 2 * jobsOpenMax

/** How long a charge point may be silent about a job, in hours, unless the settings say otherwise. */
export const jobTimeoutHoursDefault = 24
export const jobTimeoutHoursMax = 8_760

/** How long a job may wait for its charge point, in seconds: unless its operator says otherwise, and at most. */
export const jobQueueSecondsDefault = 86_400
export const jobQueueSecondsMax = 2_592_000

/** Moves of one job that are shown, the last ones. */
export const jobMovesShownMax = 500

/** How often a node looks for jobs that are due, or whose node has ended, in milliseconds. */
export const jobSweepMs = 5_000

/** How often a node counts the open jobs, in milliseconds. */
export const jobCountMs = 30_000
assert(jobCountMs % jobSweepMs === 0, 'jobs are counted by a sweep')

/**
 * How long a charge point that has connected may take to send its boot, in milliseconds, before what is queued for it
 * is sent. Many reconnect without one.
 */
export const jobBootWaitMs = 60_000

/**
 * After how long a node takes a job as not sent that it has stored as `sending` and does not have in hand, in
 * milliseconds: the answer to that statement was lost.
 */
export const jobForgottenMs = 2 * queryMsMax

/** Jobs that one query of a sweep takes. */
export const jobsSweptMax = 500

/** Jobs that one node may have under way in the background; further ones wait for the next sweep. */
export const jobsUnderWayMax = 200

/**
 * Bytes of the commands of jobs that one node may have under way in the background; it may be more by one job. Further
 * ones wait for the next sweep.
 */
export const jobBytesUnderWayMax = 33_554_432

/** How long a stopping node waits for the answers to its jobs, in milliseconds. */
export const jobStopMsMax = 1_000

/** Characters of an error of a job; a longer one is cut. */
export const jobTextCharactersMax = 500

/** Entries of a list in the answer of a charge point that are shown with its job; the further ones are left out. */
export const jobDetailItemsMax = 100

/**
 * How long a job whose charge point has reported the end of an upload waits for the file, and one whose file has come
 * for that report, in milliseconds.
 */
export const uploadWaitMsMax = 900_000

/** How long an upload may take, and how long its sender may be silent, in milliseconds. */
export const uploadMsMax = 3_600_000
export const uploadIdleMsMax = 30_000

/**
 * Bytes that have to come in `uploadIdleMsMax`, unless the file ends before. Charge points with GPRS send ten times as
 * many.
 */
export const uploadIdleBytesMin = 8_192

/** The same for its connection, in seconds: it is closed while nothing is asked of it. */
export const uploadSocketIdleSeconds = 60
assert(uploadSocketIdleSeconds * 1_000 > uploadIdleMsMax, 'a slow upload is answered before its connection is closed')

/** Bytes of an uploaded file in one row: the embedded database writes it without delaying charge points. */
export const uploadChunkBytes = 131_072

/** How many tokens of uploads are looked up at once: whoever knows none takes no place of an upload. */
export const uploadLookupsMax = 64

/** How often the upload of one job may be tried. */
export const uploadAttemptsMax = 100

/** After how long a charge point whose upload was refused for now is to try again, in seconds. */
export const uploadRetrySeconds = 30

/** Longest name of an uploaded file, in characters; of a longer one the end is kept. */
export const uploadNameCharactersMax = 200

/** Bytes of the headers of one part of an upload as a form. */
export const multipartHeaderBytesMax = 16_384

/** After how long what is left of an upload that broke off is deleted, in milliseconds, if it is not tried again. */
export const uploadLeftMsMax = 86_400_000
assert(uploadLeftMsMax > uploadMsMax, 'what is under way is not deleted')

/** Parts of a report about a customer that are read, each of at most 512 characters. */
export const customerPartsMax = 2_000

/** How long after the end of its job such a part is read as one of it, in milliseconds. */
export const customerLateMsMax = 86_400_000

/** Certificates that are made for one charge point per hour; further requests are refused. */
export const certificatesPerHourMax = 10

/** Charge points whose certificates are signed at once. */
export const certificatesAtOnceMax = 4

/** Charge points whose certificates are under way on this node; further ones wait for the next sweep. */
export const certificatesUnderWayMax = 1_000

/** How often a node looks for certificates that have to be signed or sent, in milliseconds. */
export const certificateSweepMs = 5_000

/** How long a certificate that was sent and not answered waits until it is sent again, in milliseconds. */
export const certificateResendMs = 60_000

/** How often a certificate is sent before it counts as failed. */
export const certificateSendsMax = 5

/** Interval at which charge points are asked to renew their certificates, in milliseconds, and how many each time. */
export const renewalCheckMs = 60_000
export const renewalsPerCheckMax = 60

/** How long a charge point that was asked to renew its certificate is not asked again, in milliseconds. */
export const renewalPauseMs = 86_400_000

/** Installed certificates of one charge point that are stored. */
export const installedCertificatesMax = 256

/** Status of a certificate without an end of its own: how old it may be, in milliseconds. */
export const statusAgeMsMax = 86_400_000

/** How far the clock of an OCSP responder may differ, in milliseconds. */
export const statusClockSkewMs = 300_000

/** Requests to one host for the status of certificates that are under way; further ones fail at once. */
export const statusRequestsPerHostMax = 64

/** How long a responder, or a revocation list, that could not be read is not asked again, in milliseconds. */
export const statusFailureMs = 10_000

/** Largest answer of an OCSP responder, in bytes: one in 2.1 has room for 18,000 characters of Base64. */
export const ocspAnswerBytesMax = 16_384

/** Largest revocation list that is read for a charge point, in bytes: some 7,000 certificates, 10 ms of this thread. */
export const revocationListBytesMax = 262_144

/** Revocation lists that are remembered. */
export const revocationListsKeptMax = 16

/** What the answers that are remembered take at most, in characters. */
export const statusBytesKeptMax = 16_777_216

/** Largest answer of the provider of contract certificates, in bytes, and its longest `exiResponse` (2.1 M01). */
export const evCertificateBytesMax = 65_536
export const exiCharactersMax = 17_000

/** Entries of the audit log that may wait for the database; further requests that change something are refused. */
export const auditEntriesWaitingMax = 1_000

/** Characters of such entries. */
export const auditCharactersWaitingMax = 33_554_432

/** Entries, and characters of entries, of one INSERT. */
export const auditEntriesPerInsertMax = 500
export const auditCharactersPerInsertMax = 4_194_304

/** Longest text of a request, or of what it changed, in the audit log; a longer one is left out. In characters. */
export const auditTextCharactersMax = 65_536
assert(auditTextCharactersMax <= parsedForSecretsCharactersMax, 'secrets of a text are found by their position')

/** Longest parameter of a path in the audit log; what follows is cut off. In characters. */
export const auditParamCharactersMax = 255

/** Id tokens by which one entry of the audit log is found. */
export const auditIdTagsMax = 10_000
assert(auditIdTagsMax >= batchLinesMax, 'a batch must be found by each of its id tokens')

/** Records that a batch has created, and that it has changed, of which the audit log lists the ids. */
export const auditBatchListedMax = 500

/** How often the head of the audit log is logged at most, in milliseconds. */
export const auditHeadLogMs = 600_000

/** Entries that `audit verify` has in memory. */
export const auditEntriesReadAtOnce = 100

/** Longest that the command of a secret setting may take, in milliseconds. */
export const secretCommandMsMax = 30_000

/** Longest text of a file or command that a secret setting names, in characters. */
export const secretCharactersReadMax = 65_536

/** API keys of operators that are not revoked. */
export const apiKeysMax = 1_000

/** Revoked API keys that are kept, the last ones; earlier ones are deleted when a key is created. */
export const revokedApiKeysMax = 10_000

/** Characters of the name of an API key or of a role. */
export const operatorNameCharactersMax = 64

/** Characters of the description of a role. */
export const roleDescriptionCharactersMax = 500

/** Roles that operators have made. */
export const rolesMax = 100

/** Groups that one API key may be for. */
export const apiKeyGroupsMax = 100

/** Longest validity of a new API key that is given in days. */
export const apiKeyDaysMax = 3_650

/** Longest that a node lets an operator in by what it has read before, in milliseconds. */
export const operatorRightsMsMax = 1_000

/** API keys, and sets of roles and groups in tokens, whose rights a node remembers for `operatorRightsMsMax`. */
export const operatorRightsMax = 1_000

/** Groups of one token that are looked up; further ones do not count. */
export const tokenGroupsMax = 100

/** Interval at which last uses of API keys are stored, in milliseconds. */
export const apiKeyUsesFlushMs = 5_000

/** API keys whose last use waits to be stored. */
export const apiKeyUsesWaitingMax = 2_000
assert(apiKeyUsesWaitingMax > apiKeysMax, 'the last use of every API key must fit')

/** Exports that a node makes at once; further ones are answered 429. Each has two connections to PostgreSQL. */
export const exportsAtOnceMax = 4

/** Exports of one operator key at once, and of all charge points together. */
export const operatorExportsAtOnceMax = 2
export const chargePointExportsAtOnceMax = 1
assert(
  exportsAtOnceMax >= operatorExportsAtOnceMax + chargePointExportsAtOnceMax,
  'charge points and one operator must leave room for each other',
)

/** Longest that an export may take, in milliseconds: its snapshot keeps VACUUM from removing what changes meanwhile. */
export const exportMsMax = 3_600_000

/** How long the client of an export may read nothing before it is ended, in milliseconds. */
export const exportStallMsMax = 60_000

/** How long the database may be silent while an export waits for rows, in milliseconds: it may sort them first. */
export const exportStatementMsMax = 180_000

/** Idle timeout of an HTTP connection while it is sent an export, in seconds. Bun knows up to 255. */
export const exportIdleSecondsMax = 240
assert(exportIdleSecondsMax * 1_000 > exportStatementMsMax + 10_000, 'a statement must end before its connection')
assert(exportIdleSecondsMax * 1_000 > exportStallMsMax, 'an export that nobody reads must end by itself')

/** How long a thread that has made an export waits for the next one, in milliseconds. */
export const exportThreadIdleMsMax = 60_000

/** Rows of an export that are handled at once, and characters of them after which it is fewer. */
export const exportPieceRows = 500
export const exportPieceCharactersMax = 524_288

/** Rows that one statement of an export looks at on the embedded database. */
export const embeddedExportRows = 200

/** Blocks of the message log that an export reads at once. */
export const exportBlocksAtOnce = 16

/** Rows of a row group of Parquet, and characters of its texts after which it ends before. It is encoded at once. */
export const parquetGroupRows = 20_000
export const parquetGroupCharactersMax = 2_097_152

/** Rows of a row group of Parquet where it is encoded beside charge points. */
export const parquetEmbeddedGroupRows = 1_000

/** Longest cursor of an export, in characters. */
export const exportCursorCharactersMax = 512

/** Vendors whose DataTransfer messages are accepted, and messages that may be named of each. */
export const transferVendorsMax = 1_000
export const transferMessagesMax = 100

/** How long a node goes by the names of vendors that it has read, in milliseconds: others may change them. */
export const transferVendorsCheckMs = 10_000

/** Quirk profiles that operators have imported, patterns of one, and characters of a pattern. */
export const quirkProfilesMax = 200
export const quirkPatternsMax = 50
export const quirkPatternCharactersMax = 100

/** How often each node reads the quirk profiles that were changed at another node, in milliseconds. */
export const quirkProfilesCheckMs = 10_000

/** How long a quirk that was seen waits until it is stored with the others, in milliseconds. */
export const quirkHitsFlushMs = 60_000

/** Different quirks of charge points that wait to be stored; further ones are counted in the metrics only. */
export const quirkHitsWaitingMax = 50_000

/** Quirks that one statement stores. */
export const quirkHitsStoredAtOnce = 5_000

/** How long a new connection may be without a boot until a profile has it asked for, in milliseconds. */
export const bootWaitMs = 30_000

/** Longest value in an anomaly about a setting that was not applied, in characters. */
export const readBackCharactersMax = 255
