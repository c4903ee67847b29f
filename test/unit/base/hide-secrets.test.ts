// No password of any shape that Stator handles may survive in a text that is shown.

import { expect, test } from 'bun:test'
import { hideSecrets } from '../../../src/base/hide-secrets.ts'

const shapes: readonly (readonly [string, string])[] = [
  ['cannot reach postgres://stator:hunter2@db:5432/x', 'cannot reach postgres://stator:***@db:5432/x'],
  ['Host=db;Password=hunter2;Port=1', 'Host=db;Password=***;Port=1'],
  ["Server=db;Pwd='hunter2 ;x';", 'Server=db;Pwd=***;'],
  ['Authorization: Basic aHVudGVyMg==', 'Authorization: Basic ***'],
  ['{"authorization":"Bearer hunter2.x"}', '{"authorization":"Bearer ***"}'],
  ['X-API-Key: hunter2-hunter2', 'X-API-Key: ***'],
  ['{"password":"hunter2","apnPassword": "hunter2\\"x"}', '{"password":"***","apnPassword": "***"}'],
  [
    '[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"68756e74657232"}]',
    '[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"***"}]',
  ],
  [
    '[2,"1","SetVariables",{"setVariableData":[{"attributeValue":"hunter2","variable":{"name":"BasicAuthPassword"}}]}]',
    '[2,"1","SetVariables",{"setVariableData":[{"attributeValue":"***","variable":{"name":"BasicAuthPassword"}}]}]',
  ],
]

for (const [text, shown] of shapes) {
  test(`the password is taken out of: ${shown}`, () => {
    expect(hideSecrets(text)).toBe(shown)
  })
}

test('a text without a password stays as it is', () => {
  const text = 'Basic authentication at http://localhost:8080/ocpp failed: {"value":"5000"}'
  expect(hideSecrets(text)).toBe(text)
})
