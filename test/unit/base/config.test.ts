// Settings: where they come from, what they become, and the one sentence that stops a start.

import { describe, expect, test } from 'bun:test'
import { availableParallelism } from 'node:os'
import { StatorError } from '../../../src/base/errors.ts'
import { loadSettings, settingsFrom } from '../../../src/base/config.ts'
import type { Settings } from '../../../src/base/config.ts'

type Env = Readonly<Record<string, string>>

function load(file: string | null, env: Env = {}): Settings {
  return loadSettings({ argv: [], env, readFile: (path) => (path === 'appsettings.json' ? file : null) })
}

/** The sentence that loading stops with. */
function refusal(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof StatorError && error.code === 'SETTING_INVALID') return error.message
    throw error
  }
  throw new Error('the settings were accepted')
}

// The sample of the API's own documentation, with a PostgreSQL in place of its SQL Server.
const sample = {
  Logging: { LogLevel: { Default: 'Information', Microsoft: 'Warning', OCPP: 'Debug' } },
  OCPP: {
    ServerEndpoint: '0.0.0.0',
    ServerPort: 8080,
    ProtocolVersion: '1.6',
    HeartbeatInterval: 300,
    ConnectionTimeout: 60,
    MaxMessageSize: 65536,
    EnableSSL: true,
    CertificatePath: '/etc/stator/certificate.pfx',
    CertificatePassword: 'your-password',
  },
  Database: {
    ConnectionString: 'Host=localhost;Port=5432;Database=ocppcore;Username=postgres;Password=YourPassword;',
    Provider: 'PostgreSQL',
  },
  Security: {
    RequireAuthentication: true,
    AuthenticationMethod: 'Basic',
    AllowedChargePoints: ['CP001', 'CP002', 'CP003'],
  },
}

describe('sources', () => {
  test('without settings there is an embedded database and port 8080', () => {
    const settings = load(null)
    expect(settings.ocpp).toMatchObject({ host: '0.0.0.0', port: 8080, assumedVersion: null, tls: null })
    expect(settings.database).toEqual({
      provider: 'Embedded',
      connectionString: null,
      dataFolder: './data',
      poolSize: 8,
    })
    expect(settings.security).toMatchObject({ requireAuthentication: true, unknownChargePoints: 'reject' })
    expect(settings.workers.poolSize).toBe(availableParallelism() > 1 ? 1 : 0)
  })

  test('the documented sample file loads', () => {
    const settings = load(JSON.stringify(sample))
    expect(settings.logLevels).toMatchObject({ Default: 'Information', OCPP: 'Debug' })
    expect(settings.ocpp).toEqual({
      host: '0.0.0.0',
      port: 8080,
      assumedVersion: '1.6',
      heartbeatIntervalSeconds: 300,
      connectionTimeoutSeconds: 60,
      messageBytesMax: 65_536,
      tls: { certificatePath: '/etc/stator/certificate.pfx', keyPath: null, password: 'your-password' },
      httpsOnlySeconds: null,
      callTimeoutMs: 30_000,
      strictness: 'lenient',
      messageLog: true,
      messageLogDays: 7,
      checkOwnFramesEvery: 1_000,
      anomalyDays: 90,
      eventDays: 365,
      transactionEventDays: 365,
      historyMonths: 25,
      transactionMonths: 0,
      auditLogDays: 3_650,
      jobDays: 90,
      jobTimeoutSeconds: 86_400,
      ghostAvailableMs: 1_800_000,
      ghostOfflineMs: 86_400_000,
    })
    expect(settings.database.connectionString).toBe(sample.Database.ConnectionString)
    expect(settings.security.authenticationMethods).toEqual(['Basic'])
    expect(settings.security.allowedChargePoints).toEqual(['CP001', 'CP002', 'CP003'])
  })

  test('a file may have comments, trailing commas, a byte order mark, nulls and keys in any letter case', () => {
    const settings = load('\uFEFF{ // ours\n "ocpp": { "serverPORT": 9000, "heartbeatinterval": null, }, }')
    expect(settings.ocpp.port).toBe(9000)
    expect(settings.ocpp.heartbeatIntervalSeconds).toBe(300)
  })

  test('the environment overrides the file, in any letter case and as text', () => {
    const env = { OCPP__ServerPort: '9001', ocpp__enablessl: 'False', SECURITY__REQUIREAUTHENTICATION: 'false' }
    const settings = load(JSON.stringify(sample), env)
    expect(settings.ocpp.port).toBe(9001)
    expect(settings.ocpp.tls).toBeNull()
    expect(settings.security.requireAuthentication).toBe(false)
  })

  test('an element of the environment stands in for that element of the file', () => {
    const env = { Security__AllowedChargePoints__1: 'CP900', Security__AllowedChargePoints__12: 'CP912' }
    expect(load(JSON.stringify(sample), env).security.allowedChargePoints).toEqual(['CP001', 'CP900', 'CP003', 'CP912'])
    expect(load(null, { Security__ApiKeys__0: 'first-key' }).security.apiKeys).toEqual(['first-key'])
  })

  test('variables of other programs are not ours', () => {
    expect(load(null, { PATH: '/bin', NODE__X: '1', OCPP: 'x', Database: 'y', DOTNET__A__B: 'z' }).ocpp.port).toBe(8080)
    const alike = {
      DATABASE_POOL_SIZE: '5',
      WORKER__COUNT: '2',
      SERVER_PORT: '80',
      Worker__Size: '1',
      Databases__Main: 'x',
    }
    expect(load(null, alike).ocpp.port).toBe(8080)
  })

  test('--config names the file, in either form', () => {
    const readFile = (path: string) => (path === 'mine.json' ? '{"OCPP":{"ServerPort":9002}}' : null)
    for (const argv of [['--config', 'mine.json'], ['--config=mine.json']]) {
      expect(loadSettings({ argv, env: {}, readFile }).ocpp.port).toBe(9002)
    }
  })

  test('categories of the .NET runtime are accepted and log nothing', () => {
    const levels = { Microsoft: 'Warning', 'Microsoft.AspNetCore': 'Warning', 'System.Net.Http': 'Error' }
    expect(settingsFrom({ Logging: { LogLevel: levels } }).logLevels).toEqual({ Default: 'Information' })
    expect(load(null, { 'Logging__LogLevel__Microsoft.AspNetCore': 'Warning' }).logLevels.Default).toBe('Information')
  })
})

describe('database', () => {
  test('a connection string without a provider means PostgreSQL', () => {
    const settings = load(null, { Database__ConnectionString: 'postgres://stator:x@db/stator' })
    expect(settings.database.provider).toBe('PostgreSQL')
  })

  test.each([
    'Host=db;Database=x;Username=sandra;Password=p',
    'Server=db;Port=5432;User Id=stator;Pwd=p;Trust Server Certificate=true',
    'postgresql://db/x?sslmode=require',
  ])('%s is taken for PostgreSQL', (connectionString) => {
    expect(load(null, { Database__ConnectionString: connectionString }).database.provider).toBe('PostgreSQL')
  })

  test.each([
    ['Server=localhost;Database=OCPPCore;User Id=sa;Password=hunter2;TrustServerCertificate=True;', 'SQL Server'],
    ['Data Source=db;Initial Catalog=x;Password=hunter2', 'SQL Server'],
    ['Server=tcp:db,1433;Password=hunter2', 'SQL Server'],
    ['Server=localhost;Port=3306;Database=ocppcore;Uid=root;Pwd=hunter2;', 'MySQL'],
    ['mysql://root:hunter2@db/x', 'a mysql database'],
    ['jdbc:postgresql://db/x?password=hunter2', 'a jdbc:postgresql database'],
  ])('%s is refused without showing it', (connectionString, database) => {
    const sentence = refusal(() => load(null, { Database__ConnectionString: connectionString }))
    expect(sentence).toBe(
      'Database.ConnectionString (environment variable Database__ConnectionString) (not shown, it may hold a password) ' +
        `is for ${database}: expected PostgreSQL, as postgres://user:password@host:5432/name or ` +
        'Host=…;Port=…;Database=…;Username=…;Password=…;.',
    )
  })
})

describe('client certificates', () => {
  const tls = { EnableSSL: true, CertificatePath: 'server.pem' }
  const security = (Security: Record<string, unknown>, OCPP: Record<string, unknown> = tls) =>
    settingsFrom({ OCPP, Security }).security

  test('are not asked for unless a setting says whose count', () => {
    expect(security({})).toMatchObject({ clientCertificates: null, authenticationMethods: ['Basic', 'ApiKey', 'Jwt'] })
    expect(security({ ValidateClientCertificate: false }, {}).clientCertificates).toBeNull()
  })

  test('an authority makes them one of any methods, and thumbprints are compared without colons and case', () => {
    const { authenticationMethods, clientCertificates } = security({
      ClientCertificateAuthority: 'ca.pem',
      AllowedCertificateThumbprints: ['AB:'.repeat(19) + 'AB', 'Cd'.repeat(32)],
    })
    expect(authenticationMethods).toEqual(['Basic', 'ApiKey', 'ClientCertificate', 'Jwt'])
    expect(clientCertificates).toEqual({
      isValidated: true,
      authorityPath: 'ca.pem',
      isByThumbprintsAlone: false,
      revocationListPaths: [],
      thumbprints: ['ab'.repeat(20), 'cd'.repeat(32)],
      organizations: [],
      proxyHeader: null,
    })
  })

  test('client certificates of the own authority need no file', () => {
    const own = { CertificateAuthority: 'Local', AuthenticationMethod: ['Basic', 'ClientCertificate'] }
    const found = security(own)
    expect(found.authenticationMethods).toEqual(['Basic', 'ClientCertificate'])
    expect(found.clientCertificates).toMatchObject({ authorityPath: null, isByThumbprintsAlone: false })
    const required = security({ CertificateAuthority: 'Local', RequireClientCertificate: true })
    expect(required.clientCertificates?.isByThumbprintsAlone).toBe(false)
    // That certificates are signed does not mean that they are asked for.
    expect(security({ CertificateAuthority: 'Local' }).clientCertificates).toBeNull()
    const listed = { AllowedCertificateThumbprints: ['ab'.repeat(20)] }
    expect(security(listed).clientCertificates?.isByThumbprintsAlone).toBe(true)
    expect(security({ ...listed, ...own }).clientCertificates?.isByThumbprintsAlone).toBe(false)
  })

  test('one that is required may come with a password', () => {
    const both = { RequireClientCertificate: true, AuthenticationMethod: 'Basic', ClientCertificateAuthority: 'ca.pem' }
    expect(security(both).authenticationMethods).toEqual(['Basic', 'ClientCertificate'])
  })

  test('behind a proxy Stator needs no TLS of its own', () => {
    const proxied = {
      RequireClientCertificate: true,
      ClientCertificateAuthority: 'ca.pem',
      TrustedProxies: ['10.0.0.0/8'],
      ProxyCertificateHeader: 'X-SSL-Client-Cert',
    }
    expect(security(proxied, {}).clientCertificates?.proxyHeader).toBe('X-SSL-Client-Cert')
  })
})

describe('what stops a start', () => {
  const tls = { EnableSSL: true, CertificatePath: 'server.pem' }
  const sentences: readonly (readonly [unknown, string])[] = [
    [{ OCPP: { ServerPort: 'abc' } }, 'OCPP.ServerPort is "abc" (F): expected a whole number from 0 to 65535.'],
    [{ OCPP: { ServerPort: 65_536 } }, 'OCPP.ServerPort is 65536 (F): expected a whole number from 0 to 65535.'],
    [{ OCPP: { ServerPort: 80.5 } }, 'OCPP.ServerPort is 80.5 (F): expected a whole number from 0 to 65535.'],
    [{ OCPP: { ServerPort: '' } }, 'OCPP.ServerPort is "" (F): expected a whole number from 0 to 65535.'],
    [{ OCPP: { MessageLog: 'yes' } }, 'OCPP.MessageLog is "yes" (F): expected true or false.'],
    [{ OCPP: { ServerPrt: 1 } }, 'OCPP.ServerPrt is not a setting (F): did you mean OCPP.ServerPort?'],
    [{ ServerPort: 1 }, 'ServerPort is not a setting (F): did you mean OCPP.ServerPort?'],
    [{ OCP: {} }, 'OCP is not a setting (F): did you mean OCPP?'],
    [
      { AllowedHosts: '*' },
      'AllowedHosts is not a setting (F): expected one of Logging, OCPP, Database, Security, Limits, Workers, Uploads.',
    ],
    [{ OCPP: 5 }, 'OCPP is a number (F): expected an object of settings.'],
    [
      { OCPP: { ServerPort: 1, serverport: 2 } },
      'OCPP.ServerPort stands twice (F): expected each key once, in any letter case.',
    ],
    [{ OCPP: { ProtocolVersion: '2.0' } }, 'OCPP.ProtocolVersion is "2.0" (F): expected 1.6, 2.0.1, 2.1, or nothing.'],
    [
      { OCPP: { EnableSSL: true } },
      'OCPP.CertificatePath is empty while OCPP.EnableSSL is true (F): expected the path of a PEM, .pfx or .p12 file.',
    ],
    [
      { Logging: { LogLevel: { OCPP: 'Loud' } } },
      'Logging.LogLevel.OCPP is "Loud" (F): expected Trace, Debug, Information, Warning, Error, Critical or None.',
    ],
    [
      { Logging: { LogLevel: { Ocppp: 'Debug' } } },
      'Logging.LogLevel.Ocppp is not a setting (F): did you mean Logging.LogLevel.OCPP?',
    ],
    [
      { Database: { Provider: 'SqlServer', ConnectionString: 'Server=x;User Id=sa' } },
      'Database.Provider is "SqlServer" (F): expected PostgreSQL or Embedded; there is no other provider.',
    ],
    [
      { Database: { Provider: 'PostgreSQL' } },
      'Database.ConnectionString is empty while Database.Provider is "PostgreSQL" (F): expected PostgreSQL, as ' +
        'postgres://user:password@host:5432/name or Host=…;Port=…;Database=…;Username=…;Password=…;.',
    ],
    [
      { Database: { Provider: 'Embedded', ConnectionString: 'Host=db;Password=hunter2' } },
      'Database.Provider is "Embedded" (F), but Database.ConnectionString is set (F) (not shown, it may hold a ' +
        'password): expected one or the other; set Provider to PostgreSQL, or empty the connection string.',
    ],
    [
      { Security: { AllowedChargePoints: ['CP1', 7] } },
      'Security.AllowedChargePoints[1] is 7 (F): expected a list of identities.',
    ],
    [
      { Security: { AllowedChargePoints: 'CP1' } },
      'Security.AllowedChargePoints is "CP1" (F): expected a list of identities.',
    ],
    [
      { Security: { AdminApiKey: 'hunter2' } },
      'Security.AdminApiKey is a text of length 7 (not shown) (F): expected at least 8 visible ASCII characters, ' +
        'without spaces.',
    ],
    [
      { Security: { ApiKeys: ['long-enough', 'hunter2'] } },
      'Security.ApiKeys[1] is a text of length 7 (not shown) (F): expected a list of keys of at least 8 visible ASCII ' +
        'characters, without spaces.',
    ],
    [
      { Security: { CertificateAuthority: 'Vault' } },
      'Security.CertificateAuthority is "Vault" (F): expected None or Local.',
    ],
    [
      { Security: { CertificateAuthorityPath: 'ca.pem' } },
      'Security.CertificateAuthorityKeyPath is empty while Security.CertificateAuthorityPath is set (F): expected both ' +
        'or neither.',
    ],
    [
      { Security: { CertificateAuthorityKeyPath: 'ca.key' } },
      'Security.CertificateAuthorityPath is empty while Security.CertificateAuthorityKeyPath is set (F): expected both ' +
        'or neither.',
    ],
    [
      { Security: { CertificateAuthorityPath: 'ca.pem', CertificateAuthorityKeyPath: 'ca.key' } },
      'Security.CertificateAuthorityPath is set (F) while Security.CertificateAuthority is "None": expected Local with it.',
    ],
    [
      { Security: { CertificateOrganization: 'Operator' } },
      'Security.CertificateOrganization is set (F) while Security.CertificateAuthority is "None": expected Local with it.',
    ],
    [
      { Security: { ApiKeys: ['key-of-an-operator'], MetricsToken: 'key-of-an-operator' } },
      'Security.MetricsToken (F) (not shown) is the key of an operator: expected another text, since a scraper may do ' +
        'nothing else.',
    ],
    [
      { Security: { TrustedProxies: ['10.0.0.1'], ProxyCertificateHeader: 'X SSL Cert' } },
      'Security.ProxyCertificateHeader is "X SSL Cert" (F): expected the name of a header.',
    ],
    [
      { Security: { TrustedProxies: ['10.0.0.1'], ProxyCertificateHeader: 'X-SSL-Client-Cert' } },
      'Security.ProxyCertificateHeader is set (F): expected ClientCertificate in Security.AuthenticationMethod with it.',
    ],
    [
      {
        Security: {
          ClientCertificateAuthority: 'ca.pem',
          ClientCertificateRevocationList: ['ca.crl'],
          ValidateClientCertificate: false,
          AllowedCertificateThumbprints: ['0'.repeat(40)],
        },
      },
      'Security.ClientCertificateRevocationList is set (F): expected Security.ValidateClientCertificate to be true with it.',
    ],
    [
      { Security: { CertificateOrganization: 'x'.repeat(65) } },
      'Security.CertificateOrganization (F) has 65 characters: expected at most 64, as X.509 allows.',
    ],
    [
      { Security: { CertificateDays: 0 } },
      'Security.CertificateDays is 0 (F): expected a whole number from 1 to 3650.',
    ],
    [
      { Security: { EncryptionKey: 'hunter2' } },
      'Security.EncryptionKey is a text of length 7 (not shown) (F): expected at least 32 characters.',
    ],
    [
      { Security: { CredentialSecret: 'hunter2' } },
      'Security.CredentialSecret is a text of length 7 (not shown) (F): expected at least 32 characters.',
    ],
    [
      { Security: { RequireClientCertificate: true } },
      'Security.RequireClientCertificate is true (F): expected TLS (OCPP.EnableSSL), or a proxy that ends it ' +
        '(Security.TrustedProxies).',
    ],
    [
      { Security: { AuthenticationMethod: ['ClientCertificate'], TrustedProxies: ['10.0.0.0/8'] } },
      'Security.AuthenticationMethod has "ClientCertificate" (F): expected Security.ProxyCertificateHeader, in which the ' +
        'proxy passes certificates on.',
    ],
    [
      { OCPP: tls, Security: { RequireClientCertificate: true } },
      'Security.RequireClientCertificate is true (F): expected Security.ClientCertificateAuthority, ' +
        'Security.CertificateAuthority = Local or ' +
        'Security.AllowedCertificateThumbprints, which say whose certificates count.',
    ],
    [
      { OCPP: tls, Security: { ClientCertificateAuthority: 'ca.pem', ValidateClientCertificate: false } },
      'Security.ValidateClientCertificate is false (F): expected Security.AllowedCertificateThumbprints with it, since ' +
        'any self-made certificate would do otherwise.',
    ],
    [
      { Security: { ClientCertificateAuthority: 'ca.pem' } },
      'Security.ClientCertificateAuthority is set (F): expected TLS (OCPP.EnableSSL), or a proxy that ends it ' +
        '(Security.TrustedProxies).',
    ],
    [
      { OCPP: tls, Security: { ClientCertificateAuthority: 'ca.pem', AuthenticationMethod: ['Basic'] } },
      'Security.AuthenticationMethod has no ClientCertificate while Security.ClientCertificateAuthority is set (F): ' +
        'expected ClientCertificate or Any in it.',
    ],
    [
      {
        OCPP: tls,
        Security: { ClientCertificateAuthority: 'c', RequireClientCertificate: true, RequireAuthentication: false },
      },
      'Security.RequireClientCertificate is true while Security.RequireAuthentication is false (F): expected one or the ' +
        'other.',
    ],
    [
      { Security: { ClientCertificateRevocationList: ['crl.pem'] } },
      'Security.ClientCertificateRevocationList is set (F): expected Security.ClientCertificateAuthority, which signs it.',
    ],
    [
      { Security: { ProxyCertificateHeader: 'X-SSL-Client-Cert' } },
      'Security.ProxyCertificateHeader is set (F): expected the addresses of the proxies in Security.TrustedProxies.',
    ],
    [
      { Security: { TrustedProxies: ['0.0.0.0/0'] } },
      'Security.TrustedProxies[0] is "0.0.0.0/0" (F): expected a list of IP addresses or ranges such as 10.0.0.0/8.',
    ],
    [
      { Security: { AllowedCertificateThumbprints: ['thumbprint1'] } },
      'Security.AllowedCertificateThumbprints[0] is "thumbprint1" (F): expected a list of thumbprints of 40 (SHA-1) or 64 ' +
        '(SHA-256) hex digits, with or without colons.',
    ],
    [[], 'The settings file appsettings.json holds a list: expected an object of settings.'],
  ]

  for (const [document, sentence] of sentences) {
    test(`${JSON.stringify(document)} stops the start`, () => {
      expect(refusal(() => load(JSON.stringify(document)))).toBe(sentence.replaceAll('(F)', '(appsettings.json)'))
    })
  }

  test.each([
    [
      { OCPP__ServerPort: 'abc' },
      'OCPP.ServerPort is "abc" (environment variable OCPP__ServerPort): expected a whole number from 0 to 65535.',
    ],
    [{ OCPP__Prot: '1' }, 'OCPP.Prot is not a setting (environment variable OCPP__Prot): expected one of '],
    [
      { OCPP__ServerPort__X: '1' },
      'OCPP.ServerPort.X is not a setting (environment variable OCPP__ServerPort__X): OCPP.ServerPort is one, and it holds one value, without parts of its own.',
    ],
    [
      { Security__ApiKeys: 'a-key-of-mine' },
      'Security.ApiKeys is a list (environment variable Security__ApiKeys): expected one variable an element, as Security__ApiKeys__0.',
    ],
    [
      { Security__ApiKeys__first: 'x' },
      'Security.ApiKeys.first is not a setting (environment variable Security__ApiKeys__first): Security.ApiKeys is one, and its elements are counted from 0.',
    ],
    [
      { Logging__LogLevel: 'Debug' },
      'Logging.LogLevel is no setting but a group of them (environment variable Logging__LogLevel): name one, as Logging__LogLevel__Default.',
    ],
    [
      { Datbase__ConnectionString: 'Host=db' },
      'Datbase__ConnectionString is not a setting (environment variable Datbase__ConnectionString): did you mean Database__ConnectionString?',
    ],
    [
      { OCCP__SERVERPORT: '1' },
      'OCCP__SERVERPORT is not a setting (environment variable OCCP__SERVERPORT): did you mean',
    ],
    [
      { Securty__ApiKeys__0: 'x' },
      'Securty__ApiKeys__0 is not a setting (environment variable Securty__ApiKeys__0): did',
    ],
    [{ OCPP_ServerPort: '1' }, 'OCPP_ServerPort is not a setting (environment variable OCPP_ServerPort): did you mean'],
  ] satisfies [Env, string][])('the variable %o stops the start', (env, sentence) => {
    expect(refusal(() => load(null, env))).toStartWith(sentence)
  })

  test.each([
    [['--confg', 'x'], '"--confg" is no flag of bun start: did you mean --config?'],
    [['x.json'], '"x.json" is nothing that bun start takes: see bun start --help.'],
    [['--config'], '--config names no file: expected --config FILE.'],
    [['--config='], '--config names no file: expected --config FILE.'],
    [['--config', 'none.json'], '--config is "none.json": expected the path of a settings file, and there is none.'],
    [['--config=a', '--config=b'], '--config is given twice ("a", "b"): expected one settings file.'],
  ])('the arguments %p stop the start', (argv, sentence) => {
    expect(refusal(() => loadSettings({ argv, env: {}, readFile: () => null }))).toBe(sentence)
  })

  test('a file that is not JSON stops the start with its name and the place', () => {
    expect(refusal(() => load('{"OCPP": }'))).toMatch(
      /^The settings file appsettings\.json is not JSON \(.+\): expected an object of settings\.$/,
    )
  })

  test('a settings file that cannot be read stops the start', () => {
    expect(refusal(() => loadSettings({ argv: ['--config', import.meta.dir], env: {} }))).toContain('cannot be read')
  })

  test('a long value is cut short', () => {
    expect(refusal(() => load(JSON.stringify({ OCPP: { Strictness: 'x'.repeat(500) } }))).length).toBeLessThan(250)
  })
})
