// Every error that Stator reports, in one table: its code, the HTTP status it becomes, and what to do about it.
// `docs/operations.md` repeats the table for operators; a test compares the two.

interface ErrorRow {
  /** HTTP status when it reaches a REST client. */
  readonly status: 400 | 401 | 403 | 404 | 405 | 408 | 409 | 413 | 426 | 429 | 500 | 502 | 503 | 504
  /** The `error` field of the REST body. */
  readonly name: string
  /** What the reader can do about it, as a sentence. */
  readonly hint: string
}

export const errorTable = {
  BAD_REQUEST: { status: 400, name: 'BadRequest', hint: 'Correct the field that `details.field` names.' },
  BATCH_INVALID: {
    status: 400,
    name: 'BadRequest',
    hint: 'Correct the lines that `details.errors` lists and send the batch again, or send it with `?partial=true`.',
  },
  UNAUTHORIZED: {
    status: 401,
    name: 'Unauthorized',
    hint: 'Send X-API-Key, a bearer token, or Basic credentials of a charge point.',
  },
  FORBIDDEN: {
    status: 403,
    name: 'Forbidden',
    hint: '`details.missing` says what the sender lacks: use the key of an operator who has it. A web page of another host must be in `Security.AllowedOrigins`.',
  },
  NOT_FOUND: { status: 404, name: 'NotFound', hint: 'Check the id. Lists show what exists.' },
  METHOD_NOT_ALLOWED: {
    status: 405,
    name: 'MethodNotAllowed',
    hint: 'Use one of the methods that the header `Allow` lists.',
  },
  REQUEST_TIMEOUT: {
    status: 408,
    name: 'RequestTimeout',
    hint: 'Send the whole body within 30 seconds; the connection is closed.',
  },
  CONFLICT: {
    status: 409,
    name: 'Conflict',
    hint: 'Read the resource again, then repeat the request if it still applies. Of a batch: correct the lines that `details.errors` lists.',
  },
  REFUSED_BY_PROFILE: {
    status: 409,
    name: 'Conflict',
    hint: 'The quirk profile of the charge point forbids this command, and `message` says why. Send another one, or change the profile.',
  },
  NOT_CONNECTED: {
    status: 409,
    name: 'Conflict',
    hint: 'Wait until the charge point is connected. If the command was sent already, read its state before you repeat it.',
  },
  CONNECTED_ELSEWHERE: {
    status: 409,
    name: 'Conflict',
    hint: 'Send the command to the node that `details.node` names: it holds the connection of the charge point.',
  },
  REQUEST_TOO_LARGE: {
    status: 413,
    name: 'PayloadTooLarge',
    hint: 'Send a smaller body; split a batch into several requests.',
  },
  UPGRADE_REQUIRED: {
    status: 426,
    name: 'UpgradeRequired',
    hint: 'Open a WebSocket: charge points connect to this address, and the REST API is under `/api`.',
  },
  TOO_MANY_ATTEMPTS: {
    status: 429,
    name: 'TooManyRequests',
    hint: 'Credentials were wrong too often from this address: correct them, and wait as `Retry-After` says.',
  },
  TOO_MANY_CONNECTIONS: {
    status: 429,
    name: 'TooManyRequests',
    hint: 'Too many charge points are connected from this address: see `Limits.ConnectionsPerAddress`.',
  },
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
    hint: 'The answer of the charge point breaks its schema, or cannot be read: `details` says where, or why.',
  },
  CALL_TIMEOUT: {
    status: 504,
    name: 'GatewayTimeout',
    hint: 'The charge point did not answer in time. Read its state before you repeat the command.',
  },
  CALL_QUEUE_FULL: {
    status: 503,
    name: 'ServiceUnavailable',
    hint: 'Too many commands are queued for this charge point. Try again later.',
  },
  STORE_QUEUE_FULL: {
    status: 503,
    name: 'ServiceUnavailable',
    hint: 'The database is too slow for the load. Check its CPU, disk and locks.',
  },
  STORE_UNAVAILABLE: {
    status: 503,
    name: 'ServiceUnavailable',
    hint: 'The database is unavailable. Charge points keep their messages meanwhile.',
  },
  LOOKUP_QUEUE_FULL: {
    status: 503,
    name: 'ServiceUnavailable',
    hint: 'Too many look-ups wait for the database. Check its CPU, disk and locks.',
  },
  ADMISSION_QUEUE_FULL: {
    status: 503,
    name: 'ServiceUnavailable',
    hint: 'Too many charge points connect at once. They come back after the time that `Retry-After` says.',
  },
  TOKEN_KEYS_UNAVAILABLE: {
    status: 503,
    name: 'ServiceUnavailable',
    hint: 'The keys of bearer tokens have not been read since the start. Check that this machine reaches Security.Jwt.Issuer; the log says why it does not.',
  },
  SHUTTING_DOWN: {
    status: 503,
    name: 'ServiceUnavailable',
    hint: 'This node is stopping. Try another node, or try again in a moment.',
  },
  SETTING_INVALID: {
    status: 500,
    name: 'SettingInvalid',
    hint: 'Correct the setting in appsettings.json or the environment.',
  },
  DATABASE_UNREACHABLE: {
    status: 503,
    name: 'DatabaseUnreachable',
    hint: 'Check Database.ConnectionString, and that PostgreSQL is running.',
  },
  ADDRESS_UNAVAILABLE: {
    status: 500,
    name: 'AddressUnavailable',
    hint: 'Stop the process that uses the address, or set OCPP.ServerEndpoint and OCPP.ServerPort to a free one.',
  },
  CREDENTIAL_SECRET_DIFFERS: {
    status: 500,
    name: 'CredentialSecretDiffers',
    hint: 'Copy secrets/credential-secret from the data folder of the first node, or set the same Security.CredentialSecret on every node.',
  },
  ENCRYPTION_KEY_DIFFERS: {
    status: 500,
    name: 'EncryptionKeyDiffers',
    hint: 'Copy secrets/encryption-key from the data folder of the first node, or set the same Security.EncryptionKey on every node.',
  },
  TARGET_NOT_EMPTY: {
    status: 500,
    name: 'TargetNotEmpty',
    hint: 'Create an empty database for the move, and name it in `--to`. Stop whatever uses it.',
  },
  DATA_FOLDER_IN_USE: {
    status: 500,
    name: 'DataFolderInUse',
    hint: 'Stop the other process, or give this one its own Database.DataFolder.',
  },
  DATA_FOLDER_NOT_PRIVATE: {
    status: 500,
    name: 'DataFolderNotPrivate',
    hint: 'Make the user that Stator runs as the owner of the folder and its content, or set Database.DataFolder to another folder.',
  },
} as const satisfies Record<string, ErrorRow>

export type ErrorCode = keyof typeof errorTable

/** The fields of every error in a response: the code and the name from `errorTable`, and a sentence. */
export function errorFields(code: ErrorCode, message: string): { error: string; code: ErrorCode; message: string } {
  return { error: errorTable[code].name, code, message }
}

/** An error with a code of `errorTable`, a sentence that says what went wrong, and data for `details`. */
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
