// Every secret is used once, in every place that may have one, with all that can be logged in the log. After that
// none can be read anywhere at rest: neither in the database, its files and its log, nor in the log, the metrics and
// the answers of Stator. They are in `secrets/` of the data folder only, or encrypted.

import { expect, test } from 'bun:test'
import { createPrivateKey } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { Client } from 'pg'
import { Encryption } from '../../../src/auth/encryption.ts'
import { loadSettings } from '../../../src/base/config.ts'
import { StatorError } from '../../../src/base/errors.ts'
import { silentLogger } from '../../../src/base/log.ts'
import type { SettingsSources } from '../../../src/base/settings-sources.ts'
import { parseConnectionString } from '../../../src/store/connection-string.ts'
import { startEmbedded } from '../../../src/store/embedded.ts'
import { cleanUpAfterEach } from '../../support/clean-up.ts'
import { freePort } from '../../support/free-port.ts'
import { startPostgres } from '../../support/postgres-server.ts'
import { RawChargePoint } from '../../support/raw-charge-point.ts'
import { MarkedSecrets } from '../../support/secrets/marked-secrets.ts'
import { dumpOf, filesIn, type Readable } from '../../support/secrets/readable-places.ts'
import { RestReader } from '../../support/secrets/rest-reader.ts'
import { knockWrongly, play16, play201, provision, station16, station201 } from '../../support/secrets/secret-story.ts'
import { keptKey, type StartedProcess } from '../../support/started-process.ts'
import { rightClaims, signed, testAudience, testIssuer, testKey, testOperatorRole } from '../../support/tokens.ts'

const cleanUp = cleanUpAfterEach()
const minutes = 60_000

/** All that can be logged is logged; tokens, certificates and headers of proxies count. */
const openSettings = {
  Logging__LogLevel__Default: 'Trace',
  Security__AuthenticationMethod: 'Basic,ApiKey,ClientCertificate,Jwt',
  Security__CertificateAuthority: 'Local',
  Security__TrustedProxies__0: '127.0.0.1',
  Security__ProxyCertificateHeader: 'X-Client-Cert',
  Security__Jwt__Issuer: testIssuer,
  Security__Jwt__Audience__0: testAudience,
  Security__Jwt__OperatorClaim: 'roles',
  Security__Jwt__OperatorValues__0: testOperatorRole,
  Limits__FailedAttempts: '1000000',
  Workers__PoolSize: '1',
} as const

const issuerKey = await testKey()

/** The key set of the issuer, in a file. */
function keyFileIn(folder: string): Readonly<Record<string, string>> {
  const path = join(folder, 'issuer.json')
  writeFileSync(path, JSON.stringify({ keys: [issuerKey.jwk] }))
  return { Security__Jwt__KeyFile: path }
}

/** What the story leaves beside the database: what was printed, and what was answered. */
interface Left {
  readonly processes: readonly StartedProcess[]
  readonly answers: readonly Readable[]
}

/** Starts Stator, plays the story, starts it again, and reads all that can be read over REST. */
async function play(
  secrets: MarkedSecrets,
  env: Readonly<Record<string, string>>,
  keyOf: () => Promise<string>,
): Promise<Left> {
  const first = cleanUp.run({ ...openSettings, ...env })
  const url = await first.url()
  const ocppUrl = `${url.replace('http', 'ws')}/ocpp`
  const key = await keyOf()
  const rest = new RestReader(url, key)
  const cast = { secrets, rest, ocppUrl }
  const { password16 = '', password201 = '', apiKey = '' } = await provision(cast)
  const claims = { ...rightClaims('CP-TOKEN', Date.now()), jti: secrets.make('claim of a token') }
  const token = await signed(issuerKey, claims)
  const operatorClaims = { ...rightClaims('ada', Date.now()), roles: [testOperatorRole] }
  const operatorToken = await signed(issuerKey, { ...operatorClaims, jti: secrets.make('claim of an operator') })
  for (const each of [token, operatorToken]) secrets.add('signature of a token', each.split('.')[2] ?? '')
  await knockWrongly(cast, token)
  await RawChargePoint.connect({ url: ocppUrl, identity: 'CP-TOKEN', headers: { Authorization: `Bearer ${token}` } })
  await RawChargePoint.connect({ url: ocppUrl, identity: station16, headers: { 'X-API-Key': apiKey } })
  const asOperator = { 'X-API-Key': key, 'X-Charge-Point-Id': station16 }
  await RawChargePoint.connect({ url: ocppUrl, identity: station16, headers: asOperator })
  await rest.done('/api/chargepoints', { headers: { Authorization: `Bearer ${operatorToken}` } })
  await play16(cast, password16)
  await play201(cast, password201)
  await stop(first)

  const second = cleanUp.run({ ...openSettings, ...env })
  const reader = new RestReader(await second.url(), key)
  const asked = await reader.readAll({
    chargePointId: [station16, station201],
    transactionId: ['1', '2'],
    idTag: ['TAG-1'],
  })
  expect(asked).toBeGreaterThan(30)
  for (const identity of [station16, station201]) {
    for (const list of ['messages', 'events', 'anomalies', 'history'])
      await reader.done(`/api/chargepoints/${identity}/${list}?pageSize=500`)
  }
  await stop(second)
  return { processes: [first, second], answers: [...rest.answers, ...reader.answers] }
}

async function stop(process: StartedProcess): Promise<void> {
  process.signal('SIGTERM')
  expect(await process.exit()).toBe(0)
}

function printed(processes: readonly StartedProcess[]): Readable[] {
  return processes.flatMap(({ out, errors }) => [
    ...out.split('\n').map((line) => ({ place: 'standard output', content: line })),
    { place: 'standard error', content: errors },
  ])
}

function expectNothingIn(secrets: MarkedSecrets, places: readonly Readable[]): void {
  const found = places.flatMap(({ place, content }) => secrets.foundIn(place, content))
  const shown = found.map(({ place, secret, around }) => `${secret} in ${place}: ${JSON.stringify(around)}`)
  expect(shown).toEqual([])
}

/** The private key of the authority, decrypted; fails if the database does not have it. */
async function authorityKey(client: Client, encryptionKey: string): Promise<Buffer> {
  const { rows } = await client.query('SELECT private_key FROM certificate_authority')
  const pem = new Encryption(Buffer.from(encryptionKey)).decrypt('certificate-authority', rows[0].private_key)
  const { d = '' } = createPrivateKey(pem).export({ format: 'jwk' })
  return Buffer.from(d, 'base64url')
}

test(
  'with PostgreSQL no secret can be read in the database, its files and its log, nor in what Stator prints and answers',
  async () => {
    const secrets = new MarkedSecrets()
    const folder = await cleanUp.newFolder()
    const home = { folder: await cleanUp.newFolder(), port: await freePort() }
    let serverLog = ''
    const server = await startPostgres(18, { home, onLog: (text) => (serverLog += text) })
    cleanUp.add(() => server.stop())
    const databasePassword = secrets.make('password of the database')
    const superuser = new Client({ connectionString: server.connectionString })
    await superuser.connect()
    await superuser.query(`CREATE ROLE stator LOGIN PASSWORD '${databasePassword}'`)
    await superuser.query('CREATE DATABASE stator OWNER stator')
    await superuser.end()

    const dataFolder = join(folder, 'data')
    mkdirSync(dataFolder)
    const encryptionKey = secrets.make('EncryptionKey', 32)
    const adminKey = secrets.make('AdminApiKey')
    const env = {
      ...keyFileIn(folder),
      Database__DataFolder: dataFolder,
      Database__ConnectionString: `postgresql://stator:${databasePassword}@127.0.0.1:${home.port}/stator`,
      Security__AdminApiKey: adminKey,
      Security__ApiKeys__0: secrets.make('one of ApiKeys'),
      Security__MetricsToken: secrets.make('MetricsToken'),
      Security__CredentialSecret: secrets.make('CredentialSecret', 32),
      Security__OtherCredentialSecrets__0: secrets.make('one of OtherCredentialSecrets', 32),
      Security__EncryptionKey: encryptionKey,
      Security__OtherEncryptionKeys__0: secrets.make('one of OtherEncryptionKeys', 32),
    }
    const { processes, answers } = await play(secrets, env, async () => adminKey)

    const url = new URL(server.connectionString)
    url.pathname = '/stator'
    const client = new Client({ connectionString: url.href })
    await client.connect()
    secrets.add('private key of the authority', await authorityKey(client, encryptionKey))
    await client.query('ANALYZE')
    await client.query('CHECKPOINT')
    const dump = await dumpOf(client)
    await client.end()
    expect(serverLog).toContain('checkpoint complete')
    const files = [...filesIn(join(home.folder, 'data')), ...filesIn(dataFolder)]
    files.push({ place: 'log of PostgreSQL', content: serverLog })
    expectNothingIn(secrets, [...dump, ...files, ...printed(processes), ...answers])
  },
  3 * minutes,
)

test(
  'with the embedded database the secrets that Stator makes can be read in their files only',
  async () => {
    const secrets = new MarkedSecrets()
    const dataFolder = await cleanUp.madeFolder()
    const env = { ...keyFileIn(await cleanUp.newFolder()), Database__DataFolder: dataFolder }
    const { processes, answers } = await play(secrets, env, () => keptKey(dataFolder))

    const secretOf = (name: string): string => readFileSync(join(dataFolder, 'secrets', name), 'utf8').trim()
    for (const name of ['admin-api-key', 'credential-secret', 'encryption-key']) secrets.add(name, secretOf(name))
    const server = await startEmbedded(dataFolder, silentLogger)
    const client = new Client({ host: server.host, port: server.port, user: 'postgres', database: 'postgres' })
    await client.connect()
    secrets.add('private key of the authority', await authorityKey(client, secretOf('encryption-key')))
    const dump = await dumpOf(client)
    await client.end()
    await server.stop()
    expectNothingIn(secrets, [...dump, ...filesIn(dataFolder, ['secrets']), ...printed(processes), ...answers])
  },
  3 * minutes,
)

/** What a start with wrong settings prints. */
function complaint(sources: SettingsSources): string {
  try {
    const { database } = loadSettings(sources)
    parseConnectionString(database.connectionString ?? '')
    return 'no complaint'
  } catch (error) {
    return error instanceof StatorError ? JSON.stringify([error.message, error.details]) : inspect(error)
  }
}

test('settings that are wrong are refused without their secrets', async () => {
  const secrets = new MarkedSecrets()
  const folder = await cleanUp.newFolder()
  const secret = (use: string): string => secrets.make(use)
  const variables: readonly Readonly<Record<string, string>>[] = [
    { Database__ConnectionString: `Host=127.0.0.1;Port=many;Password=${secret('Password beside a wrong port')}` },
    { Database__ConnectionString: `Host=127.0.0.1;Pasword=${secret('Password under a wrong name')}` },
    { Database__ConnectionString: `postgres:/user:${secret('password of a wrong URL')}@host/name` },
    { Database__ConnectionString: `postgres://user:${secret('password of a URL that is none')}@host:port/name` },
    { Security__AdminApiKey: `${secret('AdminApiKey with a space')} x` },
    { Security__ApiKeys: secret('ApiKeys that are no list') },
    { Security__ApiKeys__0: `${secret('one of ApiKeys with a space')} x` },
    { Security__MetricsToken: `${secret('MetricsToken with a space')} x` },
    { Security__CredentialSecret: secret('CredentialSecret that is too short') },
    { Security__OtherCredentialSecrets__0: secret('one of OtherCredentialSecrets that is too short') },
    { Security__EncryptionKey: secret('EncryptionKey that is too short') },
    { Security__EncryptionKeys: secret('EncryptionKey under a wrong name') },
  ]
  const documents = [
    `{"Security":{"AdminApiKey":"${secret('AdminApiKey in a broken file')}"`,
    `{"Security":{"AdminApiKey":${secret('AdminApiKey without quotes')}}}`,
    `{"Security":{"AdminApiKey":["${secret('AdminApiKey of a wrong type')}"]}}`,
    `{"Security":{"AdminApiKeys":"${secret('AdminApiKey under a wrong name')}"}}`,
    `{"Database":{"ConnectionString":{"Password":"${secret('ConnectionString of a wrong type')}"}}}`,
    `{"Security":"${secret('text instead of a section')}"}`,
    `"${secret('text instead of settings')}"`,
  ]
  const files = documents.map((document, index) => {
    const path = join(folder, `settings-${index}.json`)
    writeFileSync(path, document)
    return path
  })
  const complaints = [
    ...variables.map((env) => complaint({ argv: [], env })),
    ...files.map((path) => complaint({ argv: ['--config', path], env: {} })),
  ]
  expect(complaints).not.toContain('no complaint')
  expectNothingIn(
    secrets,
    complaints.map((content) => ({ place: 'complaint', content })),
  )
})

test('a database that cannot be reached is named without the password', async () => {
  const secrets = new MarkedSecrets()
  const url = `postgresql://user:${secrets.make('password of a URL')}@127.0.0.1:1/none`
  const pairs = `Host=127.0.0.1;Port=1;Username=u;Password=${secrets.make('Password')};Database=none`
  const runs = [
    cleanUp.run({ Database__DataFolder: await cleanUp.newFolder(), Database__ConnectionString: url }),
    cleanUp.run({ Database__DataFolder: await cleanUp.newFolder(), Database__ConnectionString: pairs }),
    cleanUp.run({ Database__DataFolder: await cleanUp.madeFolder() }, { args: ['migrate', '--to', url] }),
  ]
  expect(await Promise.all(runs.map((run) => run.exit()))).toEqual([1, 1, 1])
  expect(runs.map(({ errors }) => errors).join('')).toContain('127.0.0.1:1')
  expectNothingIn(secrets, printed(runs))
}, 60_000)

test('the search finds a secret however it is written, and wherever it begins', () => {
  const secrets = new MarkedSecrets()
  const secret = secrets.make('password')
  const made = crypto.getRandomValues(new Uint8Array(32))
  secrets.add('key', made)
  for (const before of ['', 'a', 'ab', 'abc']) {
    for (const [use, bytes] of [
      ['password', Buffer.from(secret)],
      ['key', Buffer.from(made)],
    ] as const) {
      const text = Buffer.concat([Buffer.from(before), bytes, Buffer.from('after')])
      const ways = [text, text.toString('hex'), text.toString('hex').toUpperCase()]
      for (const way of [...ways, text.toString('base64'), text.toString('base64url')]) {
        const [found] = secrets.foundIn('here', way)
        expect(found?.place).toBe('here')
        if (way === text) expect(found?.secret).toBe(use)
      }
    }
  }
  expect(secrets.foundIn('here', 'QxZv and KpWj are no secrets')).toEqual([])
})
