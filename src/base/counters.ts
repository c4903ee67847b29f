// Counters of this process, as plain numbers so that counting is cheap. GET /metrics reads them.
// `docs/operations.md` lists them (a test compares the two).

/** What each counter counts, since the start of this process. */
export const counterTable = {
  handshakesDelayed: 'Handshakes that waited for an admission slot, because too many came at once.',
  attemptsPaced:
    'Attempts at credentials that waited for their turn: their address had failed too often at the identity.',
  refusalsHeldBack:
    'Refusals of wrong credentials that were held back: their address had failed too often at the identity.',
  connectionsOpened: 'Connections of charge points that were opened.',
  connectionsClosed: 'Connections of charge points that were closed.',
  connectionsReplaced: 'Connections closed because a newer one of the same charge point replaced them.',
  framesReceived: 'Frames from charge points.',
  framesSent: 'Frames to charge points.',
  framesDropped: 'Frames dropped without an answer because they cannot be read.',
  framesUnanswered:
    'CALLs left unanswered because the database could not store their facts; the charge point will send them again.',
  ownFramesChecked:
    'Answers and commands of Stator that were checked against their schema: see OCPP.CheckOwnFramesEvery.',
  ownFramesInvalid: 'Answers and commands of Stator that broke their schema. Each is a mistake of Stator.',
  duplicates: 'Retransmissions recognised by their idempotency key.',
  slowReadersClosed: 'Sockets closed because their reader was too slow.',
  framesTooBig: 'Connections closed by a frame larger than OCPP.MaxMessageSize.',
  floodsClosed: 'Connections closed because their charge point kept sending more than its allowance.',
  leasesLost: 'Times that the lease of this node expired: the node was frozen, or the database was unavailable.',
  connectionsSwept: 'Charge points that this node marked as not connected because the lease of their node had expired.',
  uploadsReceived: 'Files that charge points have uploaded whole to the upload server.',
  uploadsRefused: 'Requests at the upload server that were refused, or broke off.',
  logLinesSuppressed:
    'Log lines suppressed because there were too many about one charge point, or about refused handshakes.',
} as const satisfies Readonly<Record<string, string>>

type CounterName = keyof typeof counterTable

/** Why handshakes are refused: error codes, and one that is not. */
export const handshakeRefusals = [
  'UNAUTHORIZED',
  'FORBIDDEN',
  'NOT_FOUND',
  'BAD_REQUEST',
  'UPGRADE_REQUIRED',
  'NO_COMMON_SUBPROTOCOL',
  'TOO_MANY_ATTEMPTS',
  'TOO_MANY_CONNECTIONS',
  'TOKEN_KEYS_UNAVAILABLE',
  'ADMISSION_QUEUE_FULL',
  'LOOKUP_QUEUE_FULL',
  'STORE_QUEUE_FULL',
  'STORE_UNAVAILABLE',
  'SHUTTING_DOWN',
] as const

/** What each tally counts, since the start of this process, and the name of its label. */
export const tallyTable = {
  handshakesRefused: {
    label: 'reason',
    meaning: 'Handshakes refused, by `reason`: an error code, or NO_COMMON_SUBPROTOCOL.',
  },
  framesRefused: { label: 'code', meaning: 'CALLs answered with a CALLERROR, by its `code`.' },
  resultErrorsSent: {
    label: 'code',
    meaning: 'CALLRESULTs of charge points of 2.1 that were answered with a CALLRESULTERROR, by its `code`.',
  },
  resultErrorsReceived: {
    label: 'code',
    meaning:
      'CALLRESULTERRORs of charge points of 2.1 about answers of ours, by their `code`; `other` for unknown ones.',
  },
  anomalies: { label: 'kind', meaning: 'Anomalies that were stored, by their `kind`.' },
  quirks: {
    label: 'quirk',
    meaning: 'Quirks that charge points have shown, and what quirk profiles have done about commands, by `quirk`.',
  },
  quirkProfiles: {
    label: 'profile',
    meaning: 'The same where a quirk profile applied, by its name, `profile`.',
  },
  credentialRotations: {
    label: 'state',
    meaning: 'Charge points of credential rotations that this node is done with, by the `state` they ended in.',
  },
  jobs: {
    label: 'state',
    meaning: 'Moves of jobs that this node has stored, by the `state` they moved to.',
  },
  dailyLimitsReached: {
    label: 'limit',
    meaning:
      'Times that a charge point used up what it may send or make us store in a day, by what: the settings of `Limits`. Counted once a day for each.',
  },
} as const satisfies Readonly<Record<string, { readonly label: string; readonly meaning: string }>>

type TallyName = keyof typeof tallyTable

/** Stands in a tally for words that others choose, because there is no end of them. */
export const otherWord = 'other'

/** A counter for each word. The words must be few: reasons, codes, kinds. */
export class Tally {
  readonly #counts = new Map<string, number>()

  count(word: string): void {
    this.#counts.set(word, (this.#counts.get(word) ?? 0) + 1)
  }

  of(word: string): number {
    return this.#counts.get(word) ?? 0
  }

  get total(): number {
    return this.#counts.values().reduce((sum, count) => sum + count, 0)
  }

  /** The words that were counted so far. */
  get words(): readonly string[] {
    return [...this.#counts.keys()]
  }
}

/** Counters of this process since its start. */
export class Counters implements Record<CounterName, number>, Readonly<Record<TallyName, Tally>> {
  readonly handshakesRefused = new Tally()
  readonly framesRefused = new Tally()
  readonly resultErrorsSent = new Tally()
  readonly resultErrorsReceived = new Tally()
  /** Stored facts that break an expectation, by kind. */
  readonly anomalies = new Tally()
  readonly quirks = new Tally()
  readonly quirkProfiles = new Tally()
  readonly credentialRotations = new Tally()
  readonly jobs = new Tally()
  readonly dailyLimitsReached = new Tally()
  handshakesDelayed = 0
  attemptsPaced = 0
  refusalsHeldBack = 0
  connectionsOpened = 0
  connectionsClosed = 0
  connectionsReplaced = 0
  framesReceived = 0
  framesSent = 0
  framesDropped = 0
  framesUnanswered = 0
  ownFramesChecked = 0
  ownFramesInvalid = 0
  duplicates = 0
  slowReadersClosed = 0
  framesTooBig = 0
  floodsClosed = 0
  leasesLost = 0
  connectionsSwept = 0
  uploadsReceived = 0
  uploadsRefused = 0
  logLinesSuppressed = 0
}

/** What the writer counts since its start, and what waits now. */
export interface WriterCounts {
  readonly transactions: number
  /** Each part of a large change set counts. */
  readonly changeSets: number
  readonly duplicates: number
  readonly meterRows: number
  /** Transactions that were retried: connection lost, deadlock, server unavailable. */
  readonly retries: number
  /** Change sets that were decided from an outdated state, and were decided again. */
  readonly outdated: number
  /** Change sets that PostgreSQL refused for their data. */
  readonly refused: number
  readonly waiting: number
  readonly waitingBytes: number
  /** For how long the transaction under way has run, in milliseconds; 0 when there is none. */
  readonly committingMs: number
  readonly messageLogLines: number
  readonly messageLogLinesDropped: number
  readonly messageLogLinesWaiting: number
}

/** Current counts of the parts of this process. */
export interface PartCounts {
  readonly node: {
    /** Host and port, as the table `nodes` has it. */
    readonly name: string
    readonly provider: string
  }
  /** Charge points that are connected, by OCPP version. */
  readonly connections: Readonly<Record<string, number>>
  readonly isDatabaseAvailable: boolean
  /** Whether the keys of bearer tokens could be read when they were last asked for; true if none are needed. */
  readonly areTokenKeysAvailable: boolean
  /** Whether the node takes new connections of charge points. */
  readonly isOpen: boolean
  /** Statements that wait for a connection to the database, by who sends them. */
  readonly statementsWaiting: Readonly<Record<string, number>>
  readonly calls: {
    /** CALLs that wait for their turn or for their answer. */
    readonly waiting: number
    readonly sent: number
    readonly answered: number
    readonly timedOut: number
    readonly late: number
    readonly unknown: number
  }
  readonly writer: WriterCounts
  /** Queues of the gateway. */
  readonly gateway: {
    /** Bytes of frames that have been read and are not served yet. */
    readonly receivedBytes: number
    /** Handshakes that wait for an admission slot. */
    readonly handshakes: number
    /** How many may wait. */
    readonly handshakesMax: number
  }
  /** Open jobs of all charge points, as this node has counted them last. */
  readonly jobs: readonly { readonly kind: string; readonly state: string; readonly count: number }[]
  /** When certificates and revocation lists run out, in seconds since 1970. */
  readonly certificateExpirySeconds: Readonly<Record<string, number>>
}
