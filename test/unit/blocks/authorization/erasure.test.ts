// Details of anomalies as the log shows them.

import { expect, test } from 'bun:test'
import { withoutIdTokens } from '../../../../src/blocks/authorization/erasure.ts'

test('the log shows no id token of an anomaly', () => {
  expect(withoutIdTokens({ idTag: 'A', stopIdTag: 'B', status: 'Blocked', connectorId: 1 })).toEqual({
    idTag: '***',
    stopIdTag: '***',
    status: 'Blocked',
    connectorId: 1,
  })
  const quirk = { quirk: 'numberAsText', path: '/idToken/idToken', sent: 4711 }
  expect(withoutIdTokens(quirk)).toEqual({ ...quirk, sent: '***' })
})

test('everything else of it is shown', () => {
  const quirk = { quirk: 'numberAsText', path: '/meterStart', sent: '4711' }
  expect(withoutIdTokens(quirk)).toEqual(quirk)
  expect(withoutIdTokens({ idTag: null })).toEqual({ idTag: null })
})
