// The settings of ISO 15118, and the one sentence that stops the start when they contradict each other.

import { expect, test } from 'bun:test'
import { StatorError } from '../../../src/base/errors.ts'
import { settingsFrom } from '../../../src/base/config.ts'

type Json = Readonly<Record<string, unknown>>

function iso15118(section: Json) {
  return settingsFrom({ Security: { Iso15118: section } }).security.iso15118
}

function refusal(section: Json): string {
  try {
    iso15118(section)
  } catch (error) {
    if (error instanceof StatorError && error.code === 'SETTING_INVALID') return error.message
    throw error
  }
  throw new Error('the settings were accepted')
}

test('by default nothing is verified, nobody is asked, and there is no provider', () => {
  expect(iso15118({})).toEqual({
    rootsPath: null,
    responders: [],
    cacheMs: 3_600_000,
    cacheEntriesMax: 10_000,
    timeoutMs: 5_000,
    provider: null,
  })
})

test('hosts are compared in small letters, with their port', () => {
  const OcspResponders = ['OCSP.Example.com', 'ocsp.example.com:8080']
  expect(iso15118({ Roots: 'roots.pem', OcspResponders })).toMatchObject({
    rootsPath: 'roots.pem',
    responders: ['ocsp.example.com', 'ocsp.example.com:8080'],
  })
})

test('a provider may have a token', () => {
  const Provider = 'https://contracts.example.com/ev'
  expect(iso15118({ Provider }).provider).toEqual({ url: Provider, token: null })
  expect(iso15118({ Provider, ProviderToken: 't' }).provider).toEqual({ url: Provider, token: 't' })
})

test.each([
  [{ OcspResponders: ['ocsp.example.com'] }, 'expected Security.Iso15118.Roots with it'],
  [{ Roots: 'r', OcspResponders: ['http://ocsp.example.com/'] }, 'expected a list of hosts'],
  [{ ProviderToken: 't' }, 'Security.Iso15118.Provider is empty: expected both or neither'],
  [{ Provider: 'http://contracts.example.com' }, 'expected an https URL'],
  [{ Timeout: 0 }, 'expected a whole number from 1 to 20'],
])('%j stops the start', (section, sentence) => {
  expect(refusal(section)).toContain(sentence)
})
