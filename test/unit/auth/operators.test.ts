// Who an operator is by key or token, and what the operator may do.

import { beforeEach, describe, expect, test } from 'bun:test'
import { Credentials } from '../../../src/auth/credentials.ts'
import { KeyRing } from '../../../src/auth/key-ring.ts'
import { Operators } from '../../../src/auth/operators.ts'
import { newKeyText } from '../../../src/operators/key-text.ts'
import type { Permission } from '../../../src/operators/permissions.ts'
import type { StoredKey } from '../../../src/operators/records.ts'
import { builtInRoles } from '../../../src/operators/roles.ts'
import { operatorRightsMsMax } from '../../../src/base/limits.ts'
import { aStoredKey, testCredentials } from '../../support/credential-store.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { collectedLog } from '../../support/log-lines.ts'
import { MemoryOperatorStore } from '../../support/operator-store.ts'

const address = '192.0.2.1'

let clock: HandClock
let store: MemoryOperatorStore
let lines: string[]
let operators: Operators

function operatorsWith(credentials: Credentials, rememberedMs?: number): Operators {
  const settingsKeys = new KeyRing(credentials, [{ id: 'admin', name: 'admin', text: 'key-of-the-settings' }])
  const collected = collectedLog('Warning')
  lines = collected.lines
  return new Operators({ settingsKeys, credentials, store, clock, log: collected.log }, rememberedMs)
}

beforeEach(() => {
  clock = new HandClock()
  store = new MemoryOperatorStore()
  operators = operatorsWith(testCredentials)
})

/** The text of a key that is stored. */
function stored(change: Partial<StoredKey> = {}): string {
  const { id, text } = newKeyText()
  store.keys.set(id, aStoredKey(id, text, change))
  return text
}

function idOf(text: string): string {
  return text.split('_')[1] ?? ''
}

describe('an API key', () => {
  test('has the permissions of its role, for its groups', async () => {
    const viewer = stored({ groups: [3, 4] })
    expect(await operators.byKey(viewer, address)).toEqual({
      kind: 'operator',
      name: 'billing',
      key: { id: idOf(viewer), expiresAtMs: null },
      permissions: new Set(builtInRoles['viewer']),
      scope: { groups: [3, 4] },
    })
    const own = stored({ role: 'resetter', rolePermissions: ['command:reset', 'of:another-version'] })
    const may = new Set<Permission>(['command:reset'])
    expect(await operators.byKey(own, address)).toMatchObject({ permissions: may, scope: 'all' })
  })

  test('is read for each request where nothing is remembered', async () => {
    const now = operatorsWith(testCredentials, 0)
    const text = stored()
    expect(await now.byKey(text, address)).toMatchObject({ kind: 'operator' })
    store.keys.set(idOf(text), aStoredKey(idOf(text), text, { isRevoked: true }))
    expect(await now.byKey(text, address)).toBe("the API key 'billing' is revoked")
  })

  test('of a role that does not exist allows nothing', async () => {
    expect(await operators.byKey(stored({ role: 'gone' }), address)).toMatchObject({ permissions: new Set() })
    expect(await operators.byKey(stored({ role: 'toString' }), address)).toMatchObject({ permissions: new Set() })
  })

  test('with one character changed is nobody’s, like an unknown one', async () => {
    const text = stored()
    expect(await operators.byKey(`${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}`, address)).toBeNull()
    expect(await operators.byKey(newKeyText().text, address)).toBeNull()
    expect(store.uses).toEqual([])
  })

  test('of another form is not looked up', async () => {
    const text = stored()
    for (const other of ['', text.slice(1), ` ${text}`, `${text}A`, text.toUpperCase(), `stator_${'0'.repeat(16)}`]) {
      expect(await operators.byKey(other, address)).toBeNull()
    }
    expect(store.reads).toEqual([])
  })

  test('that is revoked or has expired is refused with the reason; without its secret there is no reason', async () => {
    const revoked = stored({ isRevoked: true })
    const expired = stored({ expiresAtMs: clock.nowMs() })
    expect(await operators.byKey(revoked, address)).toBe("the API key 'billing' is revoked")
    expect(await operators.byKey(expired, address)).toBe("the API key 'billing' has expired")
    expect(await operators.byKey(`stator_${idOf(revoked)}_${'A'.repeat(43)}`, address)).toBeNull()
    expect(store.uses).toEqual([])
  })

  test('expires at its time, though it was read before', async () => {
    const text = stored({ expiresAtMs: clock.nowMs() + 10 })
    expect(await operators.byKey(text, address)).toMatchObject({ kind: 'operator' })
    clock.pass(10)
    expect(await operators.byKey(text, address)).toBe("the API key 'billing' has expired")
    expect(store.reads).toHaveLength(1)
  })

  test('that is changed is another one after a second at the latest', async () => {
    const text = stored()
    await operators.byKey(text, address)
    store.keys.set(idOf(text), aStoredKey(idOf(text), text, { isRevoked: true }))
    clock.pass(operatorRightsMsMax - 1)
    expect(await operators.byKey(text, address)).toMatchObject({ kind: 'operator' })
    clock.pass(1)
    expect(await operators.byKey(text, address)).toBeString()
  })

  test('is noted as used, and hashed again if an earlier secret made its hash', async () => {
    const text = stored()
    await operators.byKey(text, address)
    expect(store.uses).toEqual([
      { keyId: idOf(text), atMs: clock.nowMs(), remoteAddress: address, hash: expect.any(Uint8Array), renewed: null },
    ])
    const earlier = Buffer.from('a secret of the tests, 32 or more')
    const next = new Credentials(Buffer.from('the secret after that, 32 or more'), [earlier])
    await operatorsWith(next).byKey(text, address)
    const renewed = store.uses.at(-1)?.renewed ?? null
    expect(next.matches(text, renewed)).toBe(true)
    expect(next.renewed(text, renewed)).toBeNull()
  })
})

test('a key of the settings needs no database, and is noted as used', async () => {
  expect(await operators.byKey('key-of-the-settings', address)).toMatchObject({ name: 'admin', scope: 'all' })
  expect(store.reads).toEqual([])
  expect(store.uses).toMatchObject([{ keyId: 'admin', remoteAddress: address, renewed: null }])
})

describe('a token', () => {
  const token = { kind: 'operator', name: 'jwt:ada', roles: ['viewer'], groups: null } as const

  test('has the permissions of all of its roles', async () => {
    store.roles.set('resetter', ['command:reset'])
    const found = await operators.byToken({ ...token, roles: ['viewer', 'resetter'] })
    expect(found.permissions).toEqual(new Set([...(builtInRoles['viewer'] ?? []), 'command:reset']))
    expect(found.scope).toBe('all')
  })

  test('with built-in roles alone needs no database', async () => {
    expect(await operators.byToken(token)).toMatchObject({ name: 'jwt:ada' })
    expect(store.reads).toEqual([])
  })

  test('with a role that does not exist has nothing of it, which the log says once', async () => {
    const other = { ...token, roles: ['viewer', 'gone'] }
    expect((await operators.byToken(other)).permissions).toEqual(new Set(builtInRoles['viewer']))
    await operators.byToken(other)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toContain("the role 'gone'")
  })

  test('is for the groups that it names and that exist; for none of them it is refused, not for all', async () => {
    store.groups.set('north', [3, 4])
    const groups = { claim: 'sites', words: ['north', 'gone'] }
    expect(await operators.byToken({ ...token, groups })).toMatchObject({ scope: { groups: [3, 4] } })
    for (const words of [[], ['gone']]) {
      await expect(operators.byToken({ ...token, groups: { claim: 'sites', words } })).rejects.toMatchObject({
        code: 'FORBIDDEN',
        details: { missing: 'a known group in the claim sites' },
      })
    }
  })
})
