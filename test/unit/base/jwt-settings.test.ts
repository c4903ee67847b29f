// The settings of bearer tokens, and the one sentence that stops the start when they ask for what is not there.

import { describe, expect, test } from 'bun:test'
import { StatorError } from '../../../src/base/errors.ts'
import { loadSettings, settingsFrom } from '../../../src/base/config.ts'

type Json = Readonly<Record<string, unknown>>

function jwt(section: Json, security: Json = {}) {
  return settingsFrom({ Security: { ...security, Jwt: section } }).security.jwt
}

function refusal(section: Json, security: Json = {}): string {
  try {
    jwt(section, security)
  } catch (error) {
    if (error instanceof StatorError && error.code === 'SETTING_INVALID') return error.message
    throw error
  }
  throw new Error('the settings were accepted')
}

const issuer = 'https://login.example.com/realms/charging'
const Given = { Issuer: issuer, Audience: ['stator'] }

test('without an issuer no token is accepted', () => {
  expect(settingsFrom({}).security.jwt).toBeNull()
  expect(jwt({ Issuer: '', Audience: [], OperatorClaim: '' })).toBeNull()
})

test('an issuer and an audience are enough; no token is an operator’s then', () => {
  expect(jwt(Given)).toEqual({
    issuer,
    keys: { kind: 'discovery' },
    audience: ['stator'],
    identityClaim: 'sub',
    operators: null,
    algorithms: ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'],
    clockSkewSeconds: 60,
  })
})

test('keys may come from a URL or a file, and operators be told by a claim', () => {
  expect(jwt({ ...Given, JwksUrl: 'https://login.example.com/keys' })?.keys).toEqual({
    kind: 'url',
    url: 'https://login.example.com/keys',
  })
  expect(jwt({ ...Given, KeyFile: '/etc/stator/issuer.pem' })?.keys).toEqual({
    kind: 'file',
    path: '/etc/stator/issuer.pem',
  })
  expect(jwt({ ...Given, OperatorClaim: 'roles', OperatorValues: ['operator'] })?.operators).toEqual({
    claim: 'roles',
    values: [{ value: 'operator', role: 'admin' }],
    groupClaim: null,
  })
})

test('each value may give a role, and a claim the groups', () => {
  const OperatorValues = ['chiefs', 'ops=operator', 'cn=sites,dc=example=site-manager']
  expect(jwt({ ...Given, OperatorClaim: 'roles', OperatorValues, GroupClaim: 'groups' })?.operators).toEqual({
    claim: 'roles',
    values: [
      { value: 'chiefs', role: 'admin' },
      { value: 'ops', role: 'operator' },
      { value: 'cn=sites,dc=example', role: 'site-manager' },
    ],
    groupClaim: 'groups',
  })
})

test('the environment names them as any others', () => {
  const env = {
    Security__Jwt__Issuer: issuer,
    Security__Jwt__Audience__0: 'stator',
    Security__Jwt__Algorithms: 'es256',
  }
  expect(loadSettings({ argv: [], env, readFile: () => null }).security.jwt).toMatchObject({
    issuer,
    audience: ['stator'],
    algorithms: ['ES256'],
  })
})

test.each(['http://localhost:9090/realm', 'http://127.0.0.1:9090', 'http://[::1]:9090/x'])(
  '%s is an issuer on this machine',
  (local) => {
    expect(jwt({ ...Given, Issuer: local })?.issuer).toBe(local)
  },
)

describe('what stops a start', () => {
  const F = ' (the settings given)'
  test.each<[string, Json, Json, string]>([
    [
      'tokens without an issuer',
      {},
      { AuthenticationMethod: ['Basic', 'Jwt'] },
      `Security.Jwt.Issuer is empty while Security.AuthenticationMethod has "Jwt"${F}: expected the https URL of the ` +
        'issuer of tokens, spelt as in their iss.',
    ],
    [
      'a key file without an issuer',
      { KeyFile: 'x.pem' },
      {},
      `Security.Jwt.Issuer is empty while Security.Jwt.KeyFile is set${F}: expected the https URL of the issuer of ` +
        'tokens, spelt as in their iss.',
    ],
    [
      'two sources of keys',
      { ...Given, JwksUrl: 'https://login.example.com/keys', KeyFile: 'x.pem' },
      {},
      `Security.Jwt.KeyFile is "x.pem"${F}, but Security.Jwt.JwksUrl is set${F}: expected one or the other.`,
    ],
    [
      'no audience',
      { Issuer: issuer },
      {},
      `Security.Jwt.Audience is empty while Security.Jwt.Issuer is set${F}: expected the names that this API has at the issuer.`,
    ],
    [
      'an issuer in the clear on another machine',
      { ...Given, Issuer: 'http://login.example.com' },
      {},
      `Security.Jwt.Issuer is "http://login.example.com"${F}: expected an https URL (http on this machine only).`,
    ],
    [
      'a name that begins as that of this machine',
      { ...Given, Issuer: 'http://localhost.example.com' },
      {},
      `Security.Jwt.Issuer is "http://localhost.example.com"${F}: expected an https URL (http on this machine only).`,
    ],
    [
      'keys in the clear from another machine',
      { ...Given, JwksUrl: 'http://login.example.com/keys' },
      {},
      `Security.Jwt.JwksUrl is "http://login.example.com/keys"${F}: expected an https URL (http on this machine only).`,
    ],
    [
      'a URL with a password, which is not shown',
      { ...Given, Issuer: 'https://user:hunter2@login.example.com' },
      {},
      `Security.Jwt.Issuer is a URL (not shown, it may hold a password)${F}: expected a URL without user or #.`,
    ],
    [
      'an issuer that is no URL',
      { ...Given, Issuer: 'keycloak' },
      {},
      `Security.Jwt.Issuer is "keycloak"${F}: expected an https URL (http on this machine only).`,
    ],
    [
      'tokens that let in nobody',
      Given,
      { AuthenticationMethod: ['Basic', 'ApiKey'] },
      `Security.Jwt.Issuer is set${F}, but no token lets anybody in: expected Jwt in Security.AuthenticationMethod, or ` +
        'Security.Jwt.OperatorClaim.',
    ],
    [
      'values of a claim that has no name',
      { ...Given, OperatorValues: ['operator'] },
      {},
      `Security.Jwt.OperatorClaim is empty while Security.Jwt.OperatorValues is set${F}: expected both, or neither.`,
    ],
    [
      'the role in ops=',
      { ...Given, OperatorClaim: 'roles', OperatorValues: ['ops='] },
      {},
      `Security.Jwt.OperatorValues has "ops="${F}: expected a value, or <value>=<role>, where a role has lower-case ` +
        'letters, digits and "-", and begins with a letter.',
    ],
    [
      'the role in ops=Operator',
      { ...Given, OperatorClaim: 'roles', OperatorValues: ['ops=Operator'] },
      {},
      `Security.Jwt.OperatorValues has "ops=Operator"${F}: expected a value, or <value>=<role>, where a role has lower-case ` +
        'letters, digits and "-", and begins with a letter.',
    ],
    [
      'the role in =viewer',
      { ...Given, OperatorClaim: 'roles', OperatorValues: ['=viewer'] },
      {},
      `Security.Jwt.OperatorValues has "=viewer"${F}: expected a value, or <value>=<role>, where a role has lower-case ` +
        'letters, digits and "-", and begins with a letter.',
    ],
    [
      'groups of operators, of whom there are none',
      { ...Given, GroupClaim: 'groups' },
      {},
      `Security.Jwt.OperatorClaim is empty while Security.Jwt.GroupClaim is set${F}: expected both.`,
    ],
    [
      'a claim without values',
      { ...Given, OperatorClaim: 'roles' },
      {},
      `Security.Jwt.OperatorValues is empty while Security.Jwt.OperatorClaim is set${F}: expected both, or neither.`,
    ],
    [
      'a shared secret as an algorithm',
      { ...Given, Algorithms: ['RS256', 'HS256'] },
      {},
      `Security.Jwt.Algorithms[1] is "HS256"${F}: expected RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512 ` +
        'or EdDSA, or a list of them.',
    ],
    [
      'unsigned tokens',
      { ...Given, Algorithms: 'none' },
      {},
      `Security.Jwt.Algorithms[0] is "none"${F}: expected RS256`,
    ],
    ['a skew of hours', { ...Given, ClockSkew: 3_600 }, {}, `Security.Jwt.ClockSkew is 3600${F}: expected a whole`],
  ])('%s', (_what, section, security, sentence) => {
    expect(refusal(section, security)).toStartWith(sentence)
  })
})
