// Settings that are valid and dangerous. Each is reported once, at the start, at Warning.

import { isIP } from 'node:net'
import { AddressRanges } from './address-ranges.ts'
import type { Settings } from './config.ts'
import { embeddedStationsMax } from './limits.ts'

/** A dangerous setting, and what it means, as a sentence. */
export interface StartWarning {
  readonly setting: string
  readonly sentence: string
}

/** What a start knows beside the settings. */
export interface StartFacts {
  /** IP addresses of this machine, of which some are public ones. */
  readonly ownAddresses: readonly string[]
  /** How many charge points the database knows. */
  readonly stations: number
  /** Host of PostgreSQL, and whether the connection string says if the connection is encrypted; null: embedded. */
  readonly databaseServer: { readonly host: string; readonly saysTls: boolean } | null
}

/** Warnings about `settings`. */
export function startWarnings(settings: Settings, facts: StartFacts): StartWarning[] {
  const { ownAddresses, stations, databaseServer } = facts
  const { ocpp, security, database } = settings
  const warnings: StartWarning[] = []
  const acceptsAll = security.unknownChargePoints === 'accept'
  if (!security.requireAuthentication) {
    const who = acceptsAll ? 'under any identity' : 'under the identity of any provisioned one'
    warnings.push({
      setting: 'Security.RequireAuthentication',
      sentence: `Charge points connect without credentials: whoever reaches the port can connect ${who}.`,
    })
  } else if (acceptsAll) {
    warnings.push({
      setting: 'Security.UnknownChargePoints',
      sentence:
        'Unknown charge points are accepted: whoever reaches the port can provision one with credentials of its own.',
    })
  }
  const publicAddress = listenedOn(ocpp.host, ownAddresses).find(isPublicAddress)
  if (ocpp.tls === null && publicAddress !== undefined) {
    warnings.push({
      setting: 'OCPP.EnableSSL',
      sentence: `Stator listens on the public address ${publicAddress} without TLS: passwords and API keys can be read on the way.`,
    })
  }
  if (database.provider === 'Embedded' && stations > embeddedStationsMax) {
    warnings.push({
      setting: 'Database.Provider',
      sentence: `The embedded database is for up to ${embeddedStationsMax} charge points, and has ${stations}: move to PostgreSQL (migrate).`,
    })
  }
  if (databaseServer !== null && !databaseServer.saysTls && !isHere(databaseServer.host, ownAddresses)) {
    warnings.push({
      setting: 'Database.ConnectionString',
      sentence: `The connection to PostgreSQL on ${databaseServer.host} is not encrypted: what is stored can be read and changed on the way. Add SSL Mode=VerifyFull (in a URL sslmode=verify-full), or SSL Mode=Disable if the network is trusted.`,
    })
  }
  return warnings
}

/** Whether a database on `host` is on this machine: the path of a socket, a loopback address, or one of its own. */
function isHere(host: string, ownAddresses: readonly string[]): boolean {
  const address = host.replace(/^\[(.*)\]$/, '$1')
  if (host.startsWith('/') || host === 'localhost' || ownAddresses.includes(address)) return true
  return loopback.has(address)
}

const loopback = new AddressRanges(['127.0.0.0/8', '::1'])

/** The addresses that a server on `host` is reached at; a host name may be any of this machine's. */
function listenedOn(host: string, ownAddresses: readonly string[]): readonly string[] {
  if (host === 'localhost') return []
  return isIP(host) === 0 || host === '0.0.0.0' || host === '::' ? ownAddresses : [host]
}

// Ranges that the internet does not route (RFC 6890): private, shared and link-local ones, loopback, documentation.
const privateRanges = new AddressRanges([
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.2.0/24', '192.168.0.0/16', '198.51.100.0/24', '203.0.113.0/24'],
  ...['::/127', 'fc00::/7', 'fe80::/10', '2001:db8::/32'],
])

function isPublicAddress(address: string): boolean {
  return !privateRanges.has(address)
}
