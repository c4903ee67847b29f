// Stator as it is started in production (`bun src/main.ts`), with its defaults: what a user gets. The environment sets
// what differs.

import { join } from 'node:path'
import { Client } from 'pg'
import { Credentials } from '../../src/auth/credentials.ts'
import { benchPasswordDefault } from '../cli.ts'
import { benchIdTag } from '../generator/charging.ts'
import { launch, type ServerProcess } from './child.ts'

const ownRoot = join(import.meta.dir, '../..')
const credentialSecret = 'only for load tests: 32 characters or more'
export const adminApiKey = 'bench-admin-key'

export interface StatorLaunch {
  /** Null starts it on the embedded database. */
  readonly connectionString: string | null
  readonly dataFolder: string
  readonly core: number | null
  /** Where to write a CPU profile when it stops; null writes none. */
  readonly profileFolder?: string | null
  readonly port?: number
  /** Settings as environment variables; those of the caller's environment win. */
  readonly settings?: Readonly<Record<string, string>>
  /** Folder of the program; by default this one. */
  readonly root?: string
}

/** Starts Stator. Settings in the environment of the bench win over those of the bench. */
export function startStator(options: StatorLaunch): Promise<ServerProcess> {
  const { connectionString, dataFolder, core, profileFolder = null, port = 0, root = ownRoot } = options
  const profile = profileFolder === null ? [] : ['--cpu-prof', '--cpu-prof-md', `--cpu-prof-dir=${profileFolder}`]
  return launch({
    name: 'Stator',
    command: [process.execPath, ...profile, join(root, 'src/main.ts')],
    env: {
      OCPP__ServerEndpoint: '127.0.0.1',
      OCPP__ServerPort: String(port),
      Database__DataFolder: dataFolder,
      ...(connectionString === null ? {} : { Database__ConnectionString: connectionString }),
      Security__AdminApiKey: adminApiKey,
      Security__CredentialSecret: credentialSecret,
      // The line that says where it listens.
      Logging__LogLevel__Stator: 'Information',
      ...options.settings,
      ...settingsOfCaller(),
    },
    core,
    announced: ocppUrlIn,
  })
}

/** The URL for charge points, from the log line that says that Stator is running; null for any other line. */
function ocppUrlIn(line: string): string | null {
  if (!line.includes('"Stator is running."')) return null
  const { url } = JSON.parse(line) as { readonly url: string }
  return `${url.replace(/^http/, 'ws').replace('localhost', '127.0.0.1')}/ocpp`
}

function settingsOfCaller(): Record<string, string> {
  const isSetting = /^(Logging|OCPP|Database|Security|Workers)__/i
  return Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      isSetting.test(name) && value !== undefined ? [[name, value]] : [],
    ),
  )
}

/** Hash of the default password of bench stations. */
export function passwordHash(): Buffer {
  return Buffer.from(new Credentials(Buffer.from(credentialSecret)).hash(benchPasswordDefault))
}

/** Creates charge points and the card of the bench, bypassing the REST API: tens of thousands take a second. */
export async function provisionInDatabase(connectionString: string, identities: readonly string[]): Promise<void> {
  const client = new Client({ connectionString })
  await client.connect()
  try {
    await client.query(
      `INSERT INTO charge_points (identity, password_hash) SELECT identity, $2 FROM unnest($1::text[]) AS identity
       ON CONFLICT DO NOTHING`,
      [identities, passwordHash()],
    )
    await client.query(
      `INSERT INTO id_tokens (id_key, id_token, status) VALUES (lower($1), $1, 'Accepted') ON CONFLICT DO NOTHING`,
      [benchIdTag],
    )
    await client.query('ANALYZE charge_points')
  } finally {
    await client.end()
  }
}
