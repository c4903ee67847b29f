// Every setting: key, default, unit, meaning and valid values, in the order of `docs/operations.md` (a test compares
// the two). Keys are spelt as in appsettings.json. Values may be texts, as environment variables are.

import { z } from 'zod'
import { isAddressRange } from './address-ranges.ts'
import { iso15118Section } from './iso15118-section.ts'
import {
  allowanceBytesMax,
  allowanceBytesPerSecond,
  frameBytesMax,
  framesPerSecondDefault,
  handshakesWaitingMax,
  jobTimeoutHoursDefault,
  jobTimeoutHoursMax,
  resendDays,
  shortFrameCharactersMax,
  tlsHandshakesMax,
  workerThreadsDefault,
} from './limits.ts'
import { logCategories, logLevels } from './log.ts'
import type { LogCategory, LogLevel } from './log.ts'
import {
  anyOf,
  boolean,
  choice,
  choices,
  daily,
  described,
  integer,
  list,
  metaOf,
  oneOf,
  optionalInteger,
  secret,
  text,
} from './setting-kinds.ts'
import type { SettingMeta } from './setting-kinds.ts'
import { uploadsSection } from './upload-section.ts'

const thumbprint = /^(?:[0-9a-f]{40}|[0-9a-f]{64}|(?:[0-9a-f]{2}:){19}[0-9a-f]{2}|(?:[0-9a-f]{2}:){31}[0-9a-f]{2})$/i

// An API key is sent in a header, which allows visible ASCII characters only.
const apiKey = z.string().regex(/^[\x21-\x7e]{8,}$/)
const apiKeyExpected = 'at least 8 visible ASCII characters, without spaces'

/** How charge points may authenticate. */
export const authenticationMethods = ['Basic', 'ApiKey', 'ClientCertificate', 'Jwt'] as const

/** Algorithms of signatures of bearer tokens. Those with a shared secret (HS256 and the like) are not among them. */
export const tokenAlgorithms = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
] as const

const levels = Object.keys(logLevels).filter((name): name is LogLevel => name in logLevels)

function logLevel(fallback: LogLevel, meaning: string) {
  return choice(fallback, levels, { meaning })
}

// No default: a category that is missing has the level of `Default`.
function categoryLevel(category: LogCategory) {
  return described(oneOf(levels).optional(), {
    meaning: `Lowest level of ${logCategories[category]}; unset: as Default.`,
    expected: anyOf(levels),
  })
}

const categoryLevels = {
  Stator: categoryLevel('Stator'),
  OCPP: categoryLevel('OCPP'),
  Api: categoryLevel('Api'),
  Database: categoryLevel('Database'),
} satisfies Record<LogCategory, z.ZodType>

/** The settings as appsettings.json holds them. */
export const settingsSchema = z.strictObject({
  Logging: z
    .strictObject({
      LogLevel: z
        .strictObject({
          Default: logLevel('Information', 'Lowest level that is logged.'),
          Microsoft: logLevel('Warning', 'Accepted, as are `Microsoft.*` and `System.*`, but without effect.'),
          ...categoryLevels,
        })
        .prefault({}),
    })
    .prefault({}),
  OCPP: z
    .strictObject({
      ServerEndpoint: text('0.0.0.0', {
        meaning: 'Address to listen on: `0.0.0.0` all of IPv4, `::` all of IPv6 too, `127.0.0.1` this machine only.',
      }),
      ServerPort: integer(8080, 0, 65535, {
        meaning: 'Port for charge points and the REST API; 0 selects a free one.',
      }),
      ProtocolVersion: choice('', ['', '1.6', '2.0.1', '2.1'], {
        meaning:
          'OCPP version assumed for a lenient charge point that offers no subprotocol; empty: its connection is closed.',
        expected: '1.6, 2.0.1, 2.1, or nothing',
      }),
      HeartbeatInterval: integer(300, 1, 86_400, {
        meaning: 'Heartbeat interval that is sent to a booting charge point.',
        unit: 'seconds',
      }),
      ConnectionTimeout: integer(60, 1, 960, {
        meaning: 'How long a connection may be silent, pongs included, before it is closed.',
        unit: 'seconds',
      }),
      MaxMessageSize: integer(1_048_576, 1_024, frameBytesMax, {
        meaning: 'Largest frame that is accepted; a larger one closes the connection with 1009.',
        unit: 'bytes',
      }),
      EnableSSL: boolean(false, { meaning: 'Serve wss:// and https:// instead of ws:// and http://.' }),
      CertificatePath: text('', {
        meaning: 'Certificate: PEM with the whole chain, or `.pfx`/`.p12` with its key.',
        expected: 'the path of a PEM, .pfx or .p12 file',
      }),
      CertificateKeyPath: text('', {
        meaning: 'Private key as PEM, when it is not in the certificate file.',
        expected: 'the path of a PEM file',
      }),
      CertificatePassword: secret(0, { meaning: 'Password of the `.pfx` file, or of the PEM key.' }),
      HstsDays: integer(0, 0, 3_650, {
        meaning:
          'With `EnableSSL`: browsers use https only, for every port of this host, as long after an answer (Strict-Transport-Security). 0: no word about it.',
        unit: 'days',
      }),
      CallTimeout: integer(30, 1, 600, {
        meaning: 'Timeout of a command: how long it waits for the answer of the charge point.',
        unit: 'seconds',
      }),
      Strictness: choice('lenient', ['lenient', 'strict'], {
        meaning:
          'For charge points provisioned without one: `lenient` repairs malformed messages where it can, `strict` refuses them.',
      }),
      MessageLog: boolean(true, { meaning: 'Keep every frame of both directions for `GET …/messages`.' }),
      MessageLogDays: integer(7, 1, 3_650, { meaning: 'How long the message log is kept.', unit: 'days' }),
      CheckOwnFramesEvery: integer(1_000, 0, 1_000_000, {
        meaning:
          'Of how many answers and commands of Stator one is checked against its schema; 0: none. A mistake is logged and counted, and the frame is sent.',
        unit: 'frames',
      }),
      AnomalyDays: integer(90, 1, 3_650, { meaning: 'How long anomalies are kept.', unit: 'days' }),
      EventDays: integer(365, 1, 3_650, {
        meaning:
          'How long notifications of charge points (status, firmware, security and the like) are kept; transactions and meter values stay.',
        unit: 'days',
      }),
      TransactionEventDays: integer(365, resendDays, 3_650, {
        meaning:
          'Retention of transaction messages as they were sent; for as long their retransmissions are recognised. Whole months are deleted. Transactions and meter values stay.',
        unit: 'days',
      }),
      HistoryMonths: integer(25, 1, 240, {
        meaning: 'Retention of the history of connectors and connections. Whole months are deleted.',
        unit: 'months',
      }),
      TransactionMonths: integer(0, 0, 240, {
        meaning:
          'Retention of transactions that ended, from their last message on. Of a large installation whole ranges of transactionIds are deleted, up to a quarter of the time later; an open transaction keeps its range. Meter values stay. 0: transactions are kept.',
        unit: 'months',
      }),
      AuditLogDays: integer(3_650, 30, 36_500, {
        meaning:
          'How long the audit log is kept: who changed or commanded what. The last hash of what is deleted stays, so that the rest can be verified.',
        unit: 'days',
      }),
      JobDays: integer(90, 1, 3_650, {
        meaning: 'How long jobs that have ended are kept, with their history.',
        unit: 'days',
      }),
      JobTimeoutHours: integer(jobTimeoutHoursDefault, 1, jobTimeoutHoursMax, {
        meaning:
          'How long a charge point may be silent about a job that it has accepted, or of which that is unknown, before the job ends as `timedOut`.',
        unit: 'hours',
      }),
      GhostAvailableMinutes: integer(30, 1, 10_080, {
        meaning:
          'How long a connector may be Available, without a message about its open transaction, before that counts as a ghost.',
        unit: 'minutes',
      }),
      GhostOfflineHours: integer(24, 1, 8_760, {
        meaning: 'How long a charge point may be disconnected before its open transactions count as ghosts.',
        unit: 'hours',
      }),
    })
    .prefault({}),
  Database: z
    .strictObject({
      Provider: choice('', ['', 'Embedded', 'PostgreSQL'], {
        meaning: '`Embedded` or `PostgreSQL`; empty: PostgreSQL when there is a connection string, else Embedded.',
        expected: 'PostgreSQL or Embedded; there is no other provider',
      }),
      ConnectionString: secret(0, {
        meaning:
          'PostgreSQL as `postgres://user:password@host:5432/name` or `Host=…;Port=…;Database=…;Username=…;Password=…;`.',
      }),
      DataFolder: described(z.string().trim().min(1).default('./data'), {
        meaning: 'Folder of the embedded database and of the secrets generated at the first start. Back it up.',
        expected: 'the path of a folder',
      }),
      PoolSize: integer(8, 1, 100, {
        meaning:
          'Connections to PostgreSQL for the REST API. Sixteen more are for the rest, see Connections to PostgreSQL.',
        unit: 'connections',
      }),
    })
    .prefault({}),
  Security: z
    .strictObject({
      RequireAuthentication: boolean(true, {
        meaning: 'False: charge points connect without credentials. REST requests always need credentials.',
      }),
      AuthenticationMethod: choices(['Any'], [...authenticationMethods, 'Any'], {
        meaning:
          'What a charge point may present: a password, an API key, a client certificate, a bearer token (`Security.Jwt`), or any of them. One, or a list.',
      }),
      AllowedChargePoints: list(z.string().min(1), {
        meaning: 'Identities that may connect, spelt exactly; empty: every provisioned one.',
        expected: 'a list of identities',
      }),
      AllowedOrigins: list(z.string().regex(/^(\*|[a-z]+:\/\/[^/\s]+\/?)$/i), {
        meaning:
          'Web pages of other hosts that may open a WebSocket from a browser, send requests that change something, and read answers (CORS); `*`: all, but not with Basic credentials. Charge points are no pages.',
        expected: 'a list of origins such as https://console.example.com, or *',
      }),
      UnknownChargePoints: choice('reject', ['reject', 'accept'], {
        meaning: '`accept` provisions an unknown charge point with the credentials it presents; `reject` answers 404.',
      }),
      ConcurrentTransactions: choice('accept', ['accept', 'deny'], {
        meaning:
          '`deny` answers the start of a transaction with ConcurrentTx if its id token has another one open on another connector or charge point. The start is stored anyway.',
      }),
      AdminApiKey: described(
        z.union([z.literal(''), apiKey]).default(''),
        {
          meaning:
            'API key of the operator; unset: generated at the first start, kept in the data folder, shown once if that start is in a terminal.',
          expected: apiKeyExpected,
        },
        { isSecret: true },
      ),
      ApiKeys: list(
        apiKey,
        {
          meaning:
            'Further operator keys. With X-Charge-Point-Id each authenticates any charge point, so give none to a charge point.',
          expected: `a list of keys of ${apiKeyExpected}`,
        },
        true,
      ),
      MetricsToken: described(
        z.union([z.literal(''), apiKey]).default(''),
        {
          meaning: 'Bearer token of a scraper: it opens `GET /metrics` and nothing else; empty: operator keys only.',
          expected: apiKeyExpected,
        },
        { isSecret: true },
      ),
      CredentialSecret: secret(32, {
        meaning:
          'Key of all credential hashes, the same on every node; unset: generated at the first start, kept in the data folder.',
      }),
      OtherCredentialSecrets: list(
        z.string().min(32),
        {
          meaning:
            'Further secrets whose hashes are valid: while CredentialSecret is changed, the earlier one, or the next one on nodes that are not changed yet.',
          expected: 'a list of texts of at least 32 characters',
        },
        true,
      ),
      EncryptionKey: secret(32, {
        meaning:
          'Key of what the database holds encrypted (such as the private key of the certificate authority), the same on every node; unset: generated at the first start, kept in the data folder.',
      }),
      OtherEncryptionKeys: list(
        z.string().min(32),
        {
          meaning:
            'Further keys that can decrypt: while EncryptionKey is changed, the earlier one, or the next one on nodes that are not changed yet.',
          expected: 'a list of texts of at least 32 characters',
        },
        true,
      ),
      CertificateAuthority: choice('None', ['None', 'Local'], {
        meaning:
          '`Local` signs the certificates that charge points request (SignCertificate), sends them, and accepts them in TLS; `None` answers such requests with Rejected.',
      }),
      CertificateAuthorityPath: text('', {
        meaning:
          'Certificate of your own authority for `Local`, followed by the certificates above it; empty: Stator makes an authority, and keeps it in the database.',
        expected: 'the path of a PEM file',
      }),
      CertificateAuthorityKeyPath: text('', {
        meaning: 'Private key of your own authority, without a password.',
        expected: 'the path of a PEM file',
      }),
      CertificateOrganization: text('', {
        meaning:
          'Organization (O) in certificates, which a request then has to name too, as CpoName says; empty: Stator, and a request may name any.',
        expected: 'a text of up to 64 characters',
      }),
      CertificateDays: integer(365, 1, 3_650, {
        meaning: 'How long a certificate of a charge point is valid; never longer than the authority.',
        unit: 'days',
      }),
      CertificateRenewalDays: integer(30, 0, 365, {
        meaning:
          'How long before the end of its certificate a connected charge point is asked to request a new one, at the earliest after half of the validity; 0: never.',
        unit: 'days',
      }),
      RequireClientCertificate: boolean(false, {
        meaning:
          'Whether a charge point needs a client certificate (security profile 3), whatever else it presents. Operators do not.',
      }),
      ValidateClientCertificate: boolean(true, {
        meaning:
          'Whether client certificates must lead to an authority that counts, be in their period of validity, and not be revoked. False: only those of AllowedCertificateThumbprints count. The name in a certificate is always checked.',
      }),
      ClientCertificateAuthority: text('', {
        meaning:
          'Authorities of client certificates: PEM, roots or intermediate ones; a certificate of any of them counts, beside those of CertificateAuthority.',
        expected: 'the path of a PEM file',
      }),
      ClientCertificateRevocationList: list(z.string().trim().min(1), {
        meaning:
          'Revocation lists (CRL) of those authorities, PEM or DER. With any, every authority on the way from a certificate needs one.',
        expected: 'a list of paths',
      }),
      ClientCertificateOrganizations: list(z.string().trim().min(1), {
        meaning:
          'Organizations (O of the subject) whose client certificates count: that of the operator, and those it trusts; empty: any.',
        expected: 'a list of names',
      }),
      AllowedCertificateThumbprints: list(z.string().trim().regex(thumbprint), {
        meaning:
          'The only client certificates that count, by SHA-1 or SHA-256, with or without colons; empty: no such list.',
        expected: 'a list of thumbprints of 40 (SHA-1) or 64 (SHA-256) hex digits, with or without colons',
      }),
      TrustedProxies: list(z.string().trim().refine(isAddressRange), {
        meaning:
          'Proxies whose headers say where a client comes from: X-Forwarded-For, X-Forwarded-Proto and ProxyCertificateHeader. From others they are ignored.',
        expected: 'a list of IP addresses or ranges such as 10.0.0.0/8',
      }),
      ProxyCertificateHeader: described(
        z
          .string()
          .trim()
          .regex(/^[!#$%&'*+.^_`|~\w-]*$/)
          .default(''),
        {
          meaning:
            'Header in which those proxies pass the client certificate on, whatever the client put there: URL-encoded PEM, Base64 of DER, or X-Forwarded-Client-Cert. Empty: none.',
          expected: 'the name of a header',
        },
      ),
      Iso15118: iso15118Section,
      Jwt: z
        .strictObject({
          Issuer: text('', {
            meaning:
              'Who signs bearer tokens, spelt as in their `iss`. Its keys come from `<Issuer>/.well-known/openid-configuration`, unless one of the next two is set. Empty: no bearer tokens.',
            expected: 'an https URL',
          }),
          JwksUrl: text('', { meaning: 'Key set of the issuer (JWKS).', expected: 'an https URL' }),
          KeyFile: text('', {
            meaning: 'Public keys of the issuer, read again every few minutes.',
            expected: 'the path of a file with public keys: a JWKS, or PEM',
          }),
          Audience: list(z.string().min(1), {
            meaning: 'What the `aud` of a token must have one of: the names of this API at the issuer.',
            expected: 'a list of texts',
          }),
          IdentityClaim: described(z.string().trim().min(1).default('sub'), {
            meaning: 'Claim with the identity of a charge point. Dots lead into nested claims.',
            expected: 'the name of a claim',
          }),
          OperatorClaim: text('', {
            meaning:
              "Claim that says which tokens are operators', such as `roles`, `scope` or `realm_access.roles`; empty: none are.",
            expected: 'the name of a claim',
          }),
          OperatorValues: list(z.string().min(1), {
            meaning:
              "A token with one of these in `OperatorClaim` is an operator's, and never a charge point's: `<value>=<role>`, or a value alone for the role `admin`. Of several roles all permissions count.",
            expected: 'a list of texts',
          }),
          GroupClaim: text('', {
            meaning:
              'Claim with the groups of charge points that an operator is for: ids, or paths such as `tenant/site`. An operator whose token names no known group gets 403. Empty: operators are for all charge points.',
            expected: 'the name of a claim',
          }),
          Algorithms: choices(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'], tokenAlgorithms, {
            meaning:
              'Algorithms of signatures. Tokens that are unsigned, or signed with a shared secret, are never accepted.',
          }),
          ClockSkew: integer(60, 0, 300, {
            meaning: 'How far the clocks of the issuer and of this machine may differ (`exp`, `nbf`).',
            unit: 'seconds',
          }),
        })
        .prefault({}),
    })
    .prefault({}),
  Limits: z
    .strictObject({
      FailedAttempts: integer(10, 0, 1_000_000, {
        meaning:
          'Failed attempts of one address at one identity within ten minutes that are refused at once; further ones are paced and refused later. Right credentials are never refused. 1000000 switches the pacing off in practice.',
        unit: 'attempts',
      }),
      ConnectionsPerAddress: integer(20_000, 1, 1_000_000, {
        meaning: 'Connections of charge points from one address; more are refused with 429.',
        unit: 'connections',
      }),
      HandshakesWaiting: integer(handshakesWaitingMax, 1, 1_000_000, {
        meaning: 'Handshakes of charge points that may wait to be admitted; more are refused with 503.',
        unit: 'handshakes',
      }),
      TlsHandshakes: integer(tlsHandshakesMax, 1, 1_000_000, {
        meaning:
          'TLS handshakes that may be half done when client certificates are asked for; of more, one of the address that has the most is closed.',
        unit: 'handshakes',
      }),
      FramesPerSecond: integer(framesPerSecondDefault, 1, 1_000_000, {
        meaning:
          'Frames that one charge point may send in the long run: a small one counts as BytesPerSecond divided by this.',
        unit: 'frames',
      }),
      BytesPerSecond: integer(allowanceBytesPerSecond, 1_024, 1_073_741_824, {
        meaning:
          'What one charge point may send in the long run. Beyond it its socket is not read, and if it goes on for ten seconds its connection is closed with 1008.',
        unit: 'bytes',
      }),
      BurstBytes: integer(allowanceBytesMax, 65_536, 1_073_741_824, {
        meaning: 'What one charge point may send at once after a rest.',
        unit: 'bytes',
      }),
      BytesPerDay: daily(1_073_741_824, 'bytes', 'Bytes of frames of one charge point'),
      ConnectorsPerDay: daily(500, 'connectors', 'Connectors of one charge point that were not known before'),
      VariablesPerDay: daily(200_000, 'values', 'Values of the device model that one charge point reports'),
      TransactionsPerDay: daily(5_000, 'starts', 'Transactions that one charge point starts'),
      DataTransfersPerDay: daily(20_000, 'transfers', 'Data transfers of one charge point'),
      EventsPerDay: daily(50_000, 'events', 'Notifications of one charge point that are stored'),
    })
    .prefault({}),
  Workers: z
    .strictObject({
      PoolSize: optionalInteger(0, 256, {
        meaning: `Worker threads that examine meter values in batches when many arrive at once; 0: none, the main thread examines them. Unset: ${workerThreadsDefault} on two cores or more, else 0. Frames of more than ${shortFrameCharactersMax} characters have one thread of their own, also with 0.`,
        unit: 'threads',
      }),
    })
    .prefault({}),
  Uploads: uploadsSection,
})

/** Settings as they stand in the file, with defaults filled in. */
export type SettingsDocument = z.output<typeof settingsSchema>

/** One part of the schema: a setting, or the parts below a key. */
export type SettingNode =
  | { readonly kind: 'section'; readonly parts: ReadonlyMap<string, SettingNode> }
  | (SettingMeta & { readonly fallback: unknown })

function nodeOf(schema: z.core.$ZodType): SettingNode {
  const meta = metaOf(schema)
  if (meta !== undefined) {
    return { ...meta, fallback: schema instanceof z.ZodDefault ? schema.def.defaultValue : undefined }
  }
  const inner = schema instanceof z.ZodPrefault ? schema.unwrap() : schema
  if (!(inner instanceof z.ZodObject)) throw new Error('a setting stands in the schema without its meaning')
  const parts = Object.entries(inner.shape).map(([key, part]): [string, SettingNode] => [key, nodeOf(part)])
  return { kind: 'section', parts: new Map(parts) }
}

/** The schema as a tree of keys. */
export const settingTree: SettingNode = nodeOf(settingsSchema)
