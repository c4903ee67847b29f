import { describe, expect, test } from 'bun:test'
import { authorize16, authorize201 } from '../../../../src/blocks/authorization/authorization.ts'
import { acceptedToken, chargePoint, decide, type KnownParts } from '../../../support/known.ts'

const nowMs = Date.UTC(2026, 0, 1, 12)

function info16(idTag: string, parts: KnownParts = {}) {
  return decide(authorize16, { idTag }, { nowMs, ...parts }).answer['idTagInfo']
}

function info201(idToken: string, type: 'ISO14443' | 'KeyCode' | 'NoAuthorization', parts: KnownParts = {}) {
  return decide(authorize201, { idToken: { idToken, type } }, { nowMs, ...parts }).answer['idTokenInfo']
}

describe('Authorize', () => {
  test.each([
    ['an accepted token', {}, 'Accepted'],
    ['a blocked token', { status: 'Blocked' }, 'Blocked'],
    ['a blocked token that has expired', { status: 'Blocked', expiryDateMs: nowMs }, 'Blocked'],
    ['a token that expires in this moment', { expiryDateMs: nowMs }, 'Expired'],
    ['a token that expires later', { expiryDateMs: nowMs + 1 }, 'Accepted'],
  ] as const)('of %s is answered with its status, in both versions', (_what, parts, status) => {
    const idTokens = [{ ...acceptedToken, ...parts }]
    expect(info16('USER123', { idTokens })).toMatchObject({ status })
    expect(info201('USER123', 'ISO14443', { idTokens })).toMatchObject({ status })
  })

  test('of an unknown token is answered with Invalid in 1.6 and Unknown in 2.0.1', () => {
    expect(info16('NOBODY')).toEqual({ status: 'Invalid' })
    expect(info201('NOBODY', 'ISO14443')).toEqual({ status: 'Unknown' })
  })

  test('is answered with the expiry date and the group of the token', () => {
    const idTokens = [{ ...acceptedToken, expiryDateMs: nowMs + 1_000, parentIdTag: 'FAMILY' }]
    const expiry = '2026-01-01T12:00:01.000Z'
    expect(info16('USER123', { idTokens })).toEqual({
      status: 'Accepted',
      expiryDate: expiry,
      parentIdTag: 'FAMILY',
    })
    expect(info201('USER123', 'ISO14443', { idTokens })).toEqual({
      status: 'Accepted',
      cacheExpiryDateTime: expiry,
      groupIdToken: { idToken: 'FAMILY', type: 'Central' },
    })
  })

  test('is answered without the group where 1.6 has no room for it', () => {
    const idTokens = [{ ...acceptedToken, parentIdTag: 'F'.repeat(21) }]
    expect(info16('USER123', { idTokens })).toEqual({ status: 'Accepted' })
  })

  test('finds a token in any letter case, and with a serial number that the charge point has appended', () => {
    const idTokens = [acceptedToken]
    expect(info16('user123_SN9', { idTokens })).toEqual({ status: 'Accepted' })
    expect(authorize16.needs?.({ idTag: 'user123_SN9' }, chargePoint)).toEqual({ idTokens: ['user123_SN9', 'user123'] })
    const blocked = { ...acceptedToken, idToken: 'user123_SN9', status: 'Blocked' as const }
    expect(info16('USER123_SN9', { idTokens: [acceptedToken, blocked] })).toEqual({ status: 'Blocked' })
  })

  test('does not accept a number typed into a keypad as the card with that number', () => {
    const idTokens = [{ ...acceptedToken, type: 'ISO14443' as const }]
    expect(info201('USER123', 'KeyCode', { idTokens })).toEqual({ status: 'Unknown' })
    expect(info201('USER123', 'ISO14443', { idTokens })).toEqual({ status: 'Accepted' })
  })

  test('accepts a 2.0.1 charge point that starts without authorization', () => {
    expect(info201('', 'NoAuthorization')).toEqual({ status: 'Accepted' })
  })

  test('tells a driver who may charge the price, in the words of the version', () => {
    const tariff = { tariffId: 'A', currency: 'EUR' }
    const personalMessage = { format: 'UTF8', content: '0.49 EUR/kWh' }
    const token = { ...acceptedToken, tariff, personalMessage }
    const answered = (
      version: '2.0.1' | '2.1',
      more: object = {},
      type: 'ISO14443' | 'NoAuthorization' = 'ISO14443',
    ) => {
      const idTokens = [{ ...token, ...more }]
      const spoken = { ...chargePoint, version }
      return decide(authorize201, { idToken: { idToken: 'USER123', type } }, { idTokens, chargePoint: spoken }).answer
    }
    expect(answered('2.1')).toEqual({ idTokenInfo: { status: 'Accepted', personalMessage }, tariff })
    expect(answered('2.0.1')).toEqual({ idTokenInfo: { status: 'Accepted', personalMessage } })
    expect(answered('2.1', { status: 'Blocked' })).toEqual({ idTokenInfo: { status: 'Blocked' } })
    expect(answered('2.1', { type: 'KeyCode' })).toEqual({ idTokenInfo: { status: 'Unknown' } })
    expect(answered('2.1', {}, 'NoAuthorization')).toEqual({ idTokenInfo: { status: 'Accepted' } })
  })

  test('changes nothing', () => {
    expect(decide(authorize16, { idTag: 'USER123' })).toMatchObject({ changes: [], anomalies: [] })
  })
})
