// Every error that Stator reports, in one table: its code, the HTTP status it becomes, and what to do about it.
// `docs/operations.md` repeats the table for operators; a test compares the two.

interface ErrorRow {
  /** HTTP status when it reaches a REST client. */
  readonly status: 400 | 401 | 403 | 404 | 409 | 413 | 429 | 500 | 502 | 503 | 504
  /** The `error` field of the REST body. */
  readonly name: string
  /** What the reader can do about it. */
  readonly hint: string
}

export const errorTable = {
  BAD_REQUEST: { status: 400, name: 'BadRequest', hint: 'Correct the field that `details.field` names.' },
  UNAUTHORIZED: { status: 401, name: 'Unauthorized', hint: 'Send X-API-Key, or Basic credentials of a charge point.' },
  FORBIDDEN: {
    status: 403,
    name: 'Forbidden',
    hint: 'Use an operator key: a charge point reaches its own resources only.',
  },
  NOT_FOUND: { status: 404, name: 'NotFound', hint: 'Check the id; lists show what exists.' },
  CONFLICT: { status: 409, name: 'Conflict', hint: 'Read the resource again and decide anew.' },
  NOT_CONNECTED: {
    status: 409,
    name: 'Conflict',
    hint: 'Wait until the charge point is connected; read its state before you repeat a command that was sent and not answered.',
  },
  CONNECTED_ELSEWHERE: {
    status: 409,
    name: 'Conflict',
    hint: 'Send the command to the node that `details.node` names: it holds the connection of the charge point.',
  },
  REQUEST_TOO_LARGE: { status: 413, name: 'PayloadTooLarge', hint: 'Send a smaller body.' },
  TOO_MANY_REQUESTS: {
    status: 429,
    name: 'TooManyRequests',
    hint: 'Wait for answers before you send more requests with the same credentials; `Retry-After` says how long.',
  },
  INTERNAL: { status: 500, name: 'InternalServerError', hint: 'Look for the request id in the log and report it.' },
  CALL_ERROR: { status: 502, name: 'BadGateway', hint: 'The charge point refused: `details` holds its CALLERROR.' },
  CALL_ANSWER_INVALID: {
    status: 502,
    name: 'BadGateway',
    hint: 'The charge point answered against its schema, or in a way that cannot be read: `details` says where, or why.',
  },
  CALL_TIMEOUT: {
    status: 504,
    name: 'GatewayTimeout',
    hint: 'The charge point did not answer in time; read its state before you repeat the command.',
  },
  CALL_QUEUE_FULL: {
    status: 503,
    name: 'ServiceUnavailable',
    hint: 'Too many commands wait for this charge point; try again later.',
  },
  STORE_QUEUE_FULL: {
    status: 503,
    name: 'ServiceUnavailable',
    hint: 'The database does not keep up; look at its load.',
  },
  STORE_UNAVAILABLE: {
    status: 503,
    name: 'ServiceUnavailable',
    hint: 'The database cannot be reached; charge points keep their messages meanwhile.',
  },
  LOOKUP_QUEUE_FULL: {
    status: 503,
    name: 'ServiceUnavailable',
    hint: 'Too many look-ups wait for the database; look at its load.',
  },
  SHUTTING_DOWN: {
    status: 503,
    name: 'ServiceUnavailable',
    hint: 'This node is stopping; try again at another, or in a moment.',
  },
  SETTING_INVALID: {
    status: 500,
    name: 'SettingInvalid',
    hint: 'Correct the setting in appsettings.json or the environment.',
  },
  DATABASE_UNREACHABLE: {
    status: 503,
    name: 'DatabaseUnreachable',
    hint: 'Check Database.ConnectionString and that PostgreSQL is up.',
  },
  ADDRESS_UNAVAILABLE: {
    status: 500,
    name: 'AddressUnavailable',
    hint: 'Stop what listens there, or set OCPP.ServerEndpoint and OCPP.ServerPort to an address that is free.',
  },
  CREDENTIAL_SECRET_DIFFERS: {
    status: 500,
    name: 'CredentialSecretDiffers',
    hint: 'Bring secrets/credential-secret from the data folder of the first node, or set Security.CredentialSecret alike on every node.',
  },
  DATA_FOLDER_IN_USE: {
    status: 500,
    name: 'DataFolderInUse',
    hint: 'Stop the other process, or give this one its own Database.DataFolder.',
  },
  DATA_FOLDER_NOT_PRIVATE: {
    status: 500,
    name: 'DataFolderNotPrivate',
    hint: 'Give the folder and all that is in it to the user that Stator runs as, or set Database.DataFolder to a folder of its own.',
  },
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof errorTable

/** An error with a code of `errorTable`, a sentence that says what was wrong where, and data for `details`. */
export class StatorError extends Error {
  readonly code: ErrorCode
  readonly details: Readonly<Record<string, unknown>> | undefined

  constructor(code: ErrorCode, message: string, details?: Readonly<Record<string, unknown>>, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'StatorError'
    this.code = code
    this.details = details
  }
}
