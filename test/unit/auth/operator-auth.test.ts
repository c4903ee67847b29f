// Who sends a REST request, and what that one may reach.

import { describe, expect, test } from 'bun:test'
import { authenticateRequest } from '../../../src/auth/operator-auth.ts'
import { aChargePoint, anOperator } from '../../support/principals.ts'
import { newKeyText } from '../../../src/operators/key-text.ts'
import type { Permission } from '../../../src/operators/permissions.ts'
import type { StoredKey } from '../../../src/operators/records.ts'
import {
  aStoredKey,
  basic,
  MemoryCredentialStore,
  noOperators,
  testAdminApiKey,
  testAuthDeps,
} from '../../support/credential-store.ts'
import { MemoryOperatorStore } from '../../support/operator-store.ts'

function principal(headers: Record<string, string>, security: Readonly<Record<string, unknown>> = {}) {
  const store = new MemoryCredentialStore()
  store.put('CP001', { password: 'secretpassword', apiKey: 'key-of-cp001' })
  const deps = testAuthDeps({ ApiKeys: ['key-of-the-office', 'key-of-the-night'], ...security }, store)
  return authenticateRequest(new Headers(headers), { isEncrypted: true, remoteAddress: '192.0.2.1' }, deps)
}

const cp001 = aChargePoint('CP001', 1)

function ofSettings(id: string, name: string) {
  return { ...anOperator(name), key: { id, expiresAtMs: null } }
}

describe('X-API-Key', () => {
  test('the admin key is the operator admin', async () => {
    expect(await principal({ 'X-API-Key': testAdminApiKey })).toEqual(ofSettings('admin', 'admin'))
  })

  test('each further key is an operator under the name of its setting', async () => {
    expect(await principal({ 'X-API-Key': 'key-of-the-night' })).toEqual(
      ofSettings('settings-1', 'Security.ApiKeys[1]'),
    )
  })

  test('an unknown key is nobody', async () => {
    expect(await principal({ 'X-API-Key': 'key-of-the-nigh' })).toBeNull()
  })

  test('the key of a charge point is nobody without X-Charge-Point-Id, and that charge point with it', async () => {
    expect(await principal({ 'X-API-Key': 'key-of-cp001' })).toBeNull()
    expect(await principal({ 'X-API-Key': 'key-of-cp001', 'X-Charge-Point-Id': 'CP001' })).toEqual(cp001)
  })

  test('an operator key beside X-Charge-Point-Id has no more than the rights of that charge point', async () => {
    const asCp001 = { ...cp001, operator: 'admin' }
    expect(await principal({ 'X-API-Key': testAdminApiKey, 'X-Charge-Point-Id': 'CP001' })).toEqual(asCp001)
    expect(await principal({ 'X-API-Key': testAdminApiKey, 'X-Charge-Point-Id': 'CP999' })).toBeNull()
  })
})

describe('Basic', () => {
  test('the documented header is the charge point CP001', async () => {
    expect(await principal({ Authorization: 'Basic Q1AwMDE6c2VjcmV0cGFzc3dvcmQ=' })).toEqual(cp001)
  })

  test('a wrong password, an unknown name and another user name are nobody', async () => {
    expect(await principal(basic('CP001', 'wrong'))).toBeNull()
    expect(await principal(basic('CP999', 'secretpassword'))).toBeNull()
    expect(await principal(basic('operator', 'secretpassword'))).toBeNull()
  })
})

test('no credentials are nobody, even when charge points need none', async () => {
  expect(await principal({})).toBeNull()
  expect(await principal({}, { RequireAuthentication: false })).toBeNull()
  expect(await principal(basic('CP001', 'wrong'), { RequireAuthentication: false })).toBeNull()
})

test('a charge point that may not connect, or not in this way, is nobody', async () => {
  const password = basic('CP001', 'secretpassword')
  const key = { 'X-API-Key': 'key-of-cp001', 'X-Charge-Point-Id': 'CP001' }
  expect(await principal(password, { AllowedChargePoints: ['CP002'] })).toBeNull()
  expect(await principal(key, { AllowedChargePoints: ['CP002'] })).toBeNull()
  expect(await principal(password, { AuthenticationMethod: 'ApiKey' })).toBeNull()
  expect(await principal(key, { AuthenticationMethod: 'Basic' })).toBeNull()
})

test('a blocked charge point is forbidden, and an operator who acts as it is not', async () => {
  const store = new MemoryCredentialStore()
  store.put('CP001', { password: 'secretpassword', apiKey: 'key-of-cp001', isBlocked: true })
  const deps = testAuthDeps({}, store)
  const sent = (headers: Record<string, string>) =>
    authenticateRequest(new Headers(headers), { isEncrypted: true, remoteAddress: '192.0.2.1' }, deps)
  const forbidden = expect.objectContaining({ code: 'FORBIDDEN' })
  expect(await sent(basic('CP001', 'secretpassword')).catch((error: unknown) => error)).toEqual(forbidden)
  const key = { 'X-API-Key': 'key-of-cp001', 'X-Charge-Point-Id': 'CP001' }
  expect(await sent(key).catch((error: unknown) => error)).toEqual(forbidden)
  expect(await sent(basic('CP001', 'wrong'))).toBeNull()
  expect(await sent({ ...key, 'X-API-Key': testAdminApiKey })).toEqual({ ...cp001, operator: 'admin' })
})

test('a charge point is forbidden below its lowest security profile, as at the OCPP endpoint', async () => {
  const store = new MemoryCredentialStore()
  const deps = testAuthDeps({}, store)
  const answer = (headers: Record<string, string>, isEncrypted: boolean, profileMin: 2 | 3) => {
    store.put('CP001', { password: 'secretpassword', apiKey: 'key-of-cp001', profileMin })
    return authenticateRequest(new Headers(headers), { isEncrypted, remoteAddress: '192.0.2.1' }, deps).catch(
      (error: unknown) => error,
    )
  }
  const mustBe = (profile: number) =>
    expect.objectContaining({
      code: 'FORBIDDEN',
      message: `Charge point 'CP001' must connect with security profile ${profile}`,
    })
  const key = { 'X-API-Key': 'key-of-cp001', 'X-Charge-Point-Id': 'CP001' }
  for (const headers of [key, basic('CP001', 'secretpassword')]) {
    expect(await answer(headers, false, 2)).toEqual(mustBe(2))
    expect(await answer(headers, true, 2)).toMatchObject({ kind: 'chargePoint', identity: 'CP001' })
    expect(await answer(headers, true, 3)).toEqual(mustBe(3))
  }
  expect(await answer(basic('CP001', 'wrong'), false, 2)).toBeNull()
  expect(await answer({ ...key, 'X-API-Key': testAdminApiKey }, false, 3)).toMatchObject({ operator: 'admin' })
})

describe('an API key of the database beside X-Charge-Point-Id', () => {
  const { id, text } = newKeyText()

  function sent(change: Partial<StoredKey>, groupKey?: number) {
    const store = new MemoryCredentialStore()
    store.put('CP001', { ...(groupKey === undefined ? {} : { groupKey }) })
    const operators = new MemoryOperatorStore()
    operators.keys.set(id, aStoredKey(id, text, change))
    const deps = testAuthDeps({}, store, null, {}, { ...noOperators, store: operators })
    const headers = new Headers({ 'X-API-Key': text, 'X-Charge-Point-Id': 'CP001' })
    return authenticateRequest(headers, { isEncrypted: true, remoteAddress: '192.0.2.1' }, deps)
  }

  test('may do what both the charge point and the operator may', async () => {
    const { permissions, ...rest } = cp001
    expect(await sent({ role: 'admin' })).toEqual({ ...rest, permissions, operator: 'billing' })
    const asViewer = await sent({ role: 'viewer' })
    expect(asViewer).toMatchObject({ kind: 'chargePoint', operator: 'billing', scope: { chargePointKey: 1 } })
    const may = (permission: Permission) => Object(asViewer).permissions.has(permission)
    expect([may('chargepoint:read'), may('command:reset'), may('idtag:read')]).toEqual([true, false, false])
  })

  test('is for charge points of its groups; another one is unknown', async () => {
    expect(await sent({ groups: [3, 4] }, 4)).toMatchObject({ kind: 'chargePoint', identity: 'CP001' })
    expect(await sent({ groups: [3, 4] }, 5)).toBeNull()
    expect(await sent({ groups: [3, 4] })).toBeNull()
    expect(await sent({ groups: [] }, 4)).toBeNull()
  })
})
