// Which valid settings a start warns of.

import { describe, expect, test } from 'bun:test'
import { settingsFrom } from '../../../src/base/config.ts'
import { embeddedStationsMax } from '../../../src/base/limits.ts'
import { startWarnings } from '../../../src/base/start-warnings.ts'

const atHome = ['127.0.0.1', '192.168.1.20', '::1', 'fe80::1', 'fd00::5']
const onTheInternet = [...atHome, '8.8.4.4']

function warned(document: object, ownAddresses = atHome, stations = 0): string[] {
  const facts = { ownAddresses, stations, databaseServer: null }
  return startWarnings(settingsFrom(document), facts).map(({ setting }) => setting)
}

test('the defaults on a private network are no danger', () => {
  expect(warned({})).toEqual([])
})

test('charge points without credentials are, and so are unknown ones that are accepted', () => {
  expect(warned({ Security: { RequireAuthentication: false } })).toEqual(['Security.RequireAuthentication'])
  expect(warned({ Security: { UnknownChargePoints: 'accept' } })).toEqual(['Security.UnknownChargePoints'])
  const both = settingsFrom({ Security: { RequireAuthentication: false, UnknownChargePoints: 'accept' } })
  expect(
    startWarnings(both, { ownAddresses: atHome, stations: 0, databaseServer: null }).map(({ sentence }) => sentence),
  ).toEqual([expect.stringContaining('under any identity')])
})

describe('without TLS', () => {
  test.each([
    ['0.0.0.0', onTheInternet, true],
    ['::', onTheInternet, true],
    ['0.0.0.0', ['127.0.0.1', '2a00:1450::1'], true],
    ['csms.example.com', onTheInternet, true],
    ['8.8.4.4', atHome, true],
    ['127.0.0.1', onTheInternet, false],
    ['192.168.1.20', onTheInternet, false],
    ['localhost', onTheInternet, false],
    ['::ffff:10.0.0.1', onTheInternet, false],
  ])('listening on %s where the machine has %p is a danger: %p', (ServerEndpoint, addresses, isDanger) => {
    expect(warned({ OCPP: { ServerEndpoint } }, addresses)).toEqual(isDanger ? ['OCPP.EnableSSL'] : [])
    const withTls = { ServerEndpoint, EnableSSL: true, CertificatePath: 'server.pem' }
    expect(warned({ OCPP: withTls }, addresses)).toEqual([])
  })
})

test('many charge points on the embedded database are, and on PostgreSQL are not', () => {
  expect(warned({}, atHome, embeddedStationsMax)).toEqual([])
  expect(warned({}, atHome, embeddedStationsMax + 1)).toEqual(['Database.Provider'])
  const postgres = { Database: { ConnectionString: 'postgres://stator@db/stator' } }
  expect(warned(postgres, atHome, embeddedStationsMax + 1)).toEqual([])
})

describe('PostgreSQL', () => {
  const settings = settingsFrom({ Database: { ConnectionString: 'postgres://stator@db/stator' } })
  const isWarned = (host: string, saysTls: boolean): boolean =>
    startWarnings(settings, { ownAddresses: atHome, stations: 0, databaseServer: { host, saysTls } }).length > 0

  test.each(['db.example.com', 'postgres', '10.0.0.7', '192.168.1.21', '[fd00::6]', '2a00:1450::1'])(
    'on %s is a danger unless the connection string says whether the connection is encrypted',
    (host) => {
      expect(isWarned(host, false)).toBe(true)
      expect(isWarned(host, true)).toBe(false)
    },
  )

  test.each(['localhost', '127.0.0.1', '127.1.2.3', '::1', '[::1]', '192.168.1.20', '[fd00::5]', '/run/postgresql'])(
    'on %s is on this machine',
    (host) => {
      expect(isWarned(host, false)).toBe(false)
    },
  )
})
