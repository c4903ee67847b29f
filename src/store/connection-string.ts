// Database.ConnectionString: a URL, or `Host=…;Port=…;…` as .NET writes it. A keyword that Stator does not support is
// refused, never ignored. No message repeats a password.

import { readFileSync } from 'node:fs'
import type { ClientConfig } from 'pg'
import { StatorError } from '../base/errors.ts'

/** Where the database is, for messages and the log. */
export interface DatabaseAddress {
  readonly host: string
  readonly port: number
  readonly database: string
}

export interface ParsedConnection {
  readonly config: ClientConfig
  readonly address: DatabaseAddress
  /** Whether the text says if the connection is encrypted; else it is not. */
  readonly saysTls: boolean
}

type Keyword =
  | 'host'
  | 'port'
  | 'database'
  | 'user'
  | 'password'
  | 'sslMode'
  | 'trustServerCertificate'
  | 'rootCertificate'
  | 'applicationName'
  | 'timeout'
  | 'noEffect'

// Keywords of Npgsql and their synonyms, without spaces and in lower case.
const keywords: Readonly<Record<string, Keyword>> = {
  host: 'host',
  server: 'host',
  datasource: 'host',
  port: 'port',
  database: 'database',
  db: 'database',
  initialcatalog: 'database',
  username: 'user',
  userid: 'user',
  user: 'user',
  uid: 'user',
  password: 'password',
  pwd: 'password',
  psw: 'password',
  sslmode: 'sslMode',
  trustservercertificate: 'trustServerCertificate',
  rootcertificate: 'rootCertificate',
  applicationname: 'applicationName',
  timeout: 'timeout',
  connecttimeout: 'timeout',
  connectiontimeout: 'timeout',
  // Stator has its own pool (Database.PoolSize) and its own time-outs; these keywords have no effect.
  pooling: 'noEffect',
  minimumpoolsize: 'noEffect',
  minpoolsize: 'noEffect',
  maximumpoolsize: 'noEffect',
  maxpoolsize: 'noEffect',
  connectionidlelifetime: 'noEffect',
  connectionlifetime: 'noEffect',
  commandtimeout: 'noEffect',
  keepalive: 'noEffect',
  tcpkeepalive: 'noEffect',
  includeerrordetail: 'noEffect',
  persistsecurityinfo: 'noEffect',
  encoding: 'noEffect',
  clientencoding: 'noEffect',
}

const setting = 'Database.ConnectionString'

class Malformed extends Error {}

function refuse(sentence: string): never {
  throw new Malformed(sentence)
}

/**
 * Reads `text` as a PostgreSQL URL or as `Keyword=value;…`.
 *
 * @param origin where the text comes from, for the sentence.
 * @throws {StatorError} `SETTING_INVALID` with one sentence that says which part is wrong.
 */
export function parseConnectionString(text: string, origin = setting): ParsedConnection {
  try {
    return /^postgres(?:ql)?:\/\//i.test(text.trim()) ? parseUrl(text.trim()) : parseKeywords(text)
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    throw new StatorError('SETTING_INVALID', `${origin}: ${error.message}`, { setting: origin })
  }
}

/** The host that a valid connection string names, and whether it says if the connection is encrypted. */
export function databaseServer(text: string): { readonly host: string; readonly saysTls: boolean } {
  const { address, saysTls } = parseConnectionString(text)
  return { host: address.host, saysTls }
}

function parseUrl(text: string): ParsedConnection {
  if (!URL.canParse(text))
    refuse('it begins like a URL but is not one; expected postgresql://user:password@host:port/database.')
  const url = new URL(text)
  const host = url.searchParams.get('host') ?? decodeURIComponent(url.hostname)
  return {
    config: { connectionString: text },
    address: {
      host: host === '' ? 'localhost' : host,
      port: url.port === '' ? 5432 : Number(url.port),
      database: decodeURIComponent(url.pathname.slice(1)) || decodeURIComponent(url.username) || 'postgres',
    },
    saysTls: [...url.searchParams.keys()].some((name) => name.startsWith('ssl')),
  }
}

function parseKeywords(text: string): ParsedConnection {
  const given = new Map<Keyword, string>()
  for (const [name, value] of splitPairs(text)) {
    const keyword = keywords[name.toLowerCase().replaceAll(/[\s_-]/g, '')]
    if (keyword === undefined) {
      refuse(
        `keyword '${name}' is unknown; expected Host, Port, Database, Username, Password, SSL Mode, Trust Server Certificate.`,
      )
    }
    given.set(keyword, value)
  }
  const host = given.get('host')
  if (host === undefined || host === '')
    refuse('Host is missing; expected Host=…;Port=5432;Database=…;Username=…;Password=…')
  const port = integerOf(given, 'port', 'Port', 5432, 65_535)
  const user = given.get('user')
  const database = given.get('database') ?? user ?? 'postgres'
  const password = given.get('password')
  const applicationName = given.get('applicationName')
  return {
    config: {
      host,
      port,
      database,
      ssl: sslOf(given),
      connectionTimeoutMillis: integerOf(given, 'timeout', 'Timeout', 15, 1024) * 1000,
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { password }),
      ...(applicationName === undefined ? {} : { application_name: applicationName }),
    },
    address: { host, port, database },
    saysTls: given.has('sslMode'),
  }
}

// Values may be quoted with ' or ", where a doubled quote stands for itself.
const pair = /\s*([^=;]+?)\s*=\s*(?:'((?:[^']|'')*)'|"((?:[^"]|"")*)"|([^;]*?))\s*(?:;|$)/y

function splitPairs(text: string): [name: string, value: string][] {
  const pairs: [string, string][] = []
  let at = 0
  while (text.slice(at).replaceAll(';', '').trim() !== '') {
    const separators = /^[\s;]*/.exec(text.slice(at))
    pair.lastIndex = at + (separators?.[0].length ?? 0)
    const match = pair.exec(text)
    const name = match?.[1]
    if (match === null || name === undefined) {
      refuse(
        'it is neither a URL nor a list of Keyword=value; parts; expected Host=…;Port=5432;Database=…;Username=…;Password=…',
      )
    }
    const value = match[2]?.replaceAll("''", "'") ?? match[3]?.replaceAll('""', '"') ?? match[4] ?? ''
    pairs.push([name, value])
    at = pair.lastIndex
  }
  return pairs
}

function integerOf(
  given: Map<Keyword, string>,
  keyword: Keyword,
  name: string,
  otherwise: number,
  max: number,
): number {
  const text = given.get(keyword)
  if (text === undefined || text === '') return otherwise
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1 || value > max)
    refuse(`${name} is '${text}'; expected a number from 1 to ${max}.`)
  return value
}

function sslOf(given: Map<Keyword, string>): NonNullable<ClientConfig['ssl']> {
  const mode = given.get('sslMode') ?? 'Disable'
  const trust = given.get('trustServerCertificate') ?? 'false'
  if (!/^(?:true|false)$/i.test(trust)) refuse(`Trust Server Certificate is '${trust}'; expected true or false.`)
  const rootCertificate = given.get('rootCertificate')
  const ca = rootCertificate === undefined ? {} : { ca: readCertificate(rootCertificate) }
  switch (mode.toLowerCase().replaceAll(/[\s_-]/g, '')) {
    case 'disable':
      return false
    case 'require':
      return { rejectUnauthorized: false }
    case 'verifyca':
      return { ...ca, rejectUnauthorized: !/^true$/i.test(trust), checkServerIdentity: () => undefined }
    case 'verifyfull':
      return { ...ca, rejectUnauthorized: !/^true$/i.test(trust) }
    default:
      return refuse(`SSL Mode is '${mode}'; expected Disable, Require, VerifyCA or VerifyFull.`)
  }
}

function readCertificate(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return refuse(`Root Certificate '${file}' cannot be read; expected a PEM file.`)
  }
}
