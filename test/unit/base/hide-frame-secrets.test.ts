// No secret that the schemas of OCPP have a field for may be kept in the message log or among the events.

import { describe, expect, test } from 'bun:test'
import { hideFrameSecrets } from '../../../src/base/hide-frame-secrets.ts'
import type { JsonSchema } from '../../../src/ocpp/json-schema.ts'
import type { MessageTable } from '../../../src/blocks/message-row.ts'
import { v16, v201, v21 } from '../../../src/blocks/messages.ts'
import { part, resolve } from '../../support/schema-sample.ts'

const secret = 'hunter2'

/** Fields whose names sound like secrets, and are none. */
const open: ReadonlySet<string> = new Set([
  // Names of configuration keys.
  'ChangeConfiguration.key',
  'GetConfiguration.key.0',
  'GetConfiguration.configurationKey.0.key',
  // Names of users, not their passwords.
  'SetNetworkProfile.connectionData.apn.apnUserName',
  'SetNetworkProfile.connectionData.vpn.user',
])

/** Names of fields that hold secrets, or sound as if they did. */
const soundsSecret = /pass|secret|pwd|^(key|simPin|user|.*userName)$/i

interface Field {
  readonly isAnswer: boolean
  readonly path: readonly string[]
  readonly type: unknown
}

function fieldsOf(schema: JsonSchema, root: JsonSchema, path: readonly string[], isAnswer: boolean): Field[] {
  const resolved = resolve(schema, root)
  if (resolved.type === 'array') return fieldsOf(part(resolved.items), root, [...path, '0'], isAnswer)
  if (resolved.type !== 'object') return [{ isAnswer, path, type: resolved.type }]
  return Object.entries(part(resolved.properties ?? {})).flatMap(([name, field]) =>
    fieldsOf(part(field), root, [...path, name], isAnswer),
  )
}

function fieldsOfTable(table: MessageTable): Field[] {
  return Object.entries(table).flatMap(([action, { request, response }]) => [
    ...fieldsOf(request, request, [action], false),
    ...(response === null ? [] : fieldsOf(response, response, [action], true)),
  ])
}

/** A payload with `value` at this path and nothing else. */
function payloadWith(path: readonly string[], value: unknown): unknown {
  const [name, ...rest] = path
  if (name === undefined) return value
  return name === '0' ? [payloadWith(rest, value)] : { [name]: payloadWith(rest, value) }
}

function frameWith({ path: [action = '', ...path], isAnswer }: Field, value: unknown): string {
  const payload = payloadWith(path, value)
  return JSON.stringify(isAnswer ? [3, 'id', payload] : [2, 'id', action, payload])
}

const fields = [v16, v201, v21].flatMap(fieldsOfTable)

test('every field of the schemas with the name of a secret is hidden, except those that are not secrets', () => {
  const suspects = fields.filter(({ path }) => soundsSecret.test(path.findLast((name) => name !== '0') ?? ''))
  expect(suspects.length).toBeGreaterThan(8)
  const shown = suspects.filter((field) => {
    const value = field.type === 'integer' ? 47_110_815 : secret
    return hideFrameSecrets(frameWith(field, value)).includes(String(value))
  })
  expect(new Set(shown.map(({ path }) => path.join('.')))).toEqual(new Set(open))
})

test('the password of a URL is hidden in every text of every message', () => {
  for (const field of fields.filter(({ type }) => type === 'string')) {
    const frame = hideFrameSecrets(frameWith(field, `ftp://user:${secret}@files.example/x`))
    expect(frame).not.toContain(secret)
  }
})

describe('only the secret goes', () => {
  test.each([
    [
      '[3,"1",{"configurationKey":[{"key":"HeartbeatInterval","value":"300"},{"key":"AuthorizationKey","value":"hunter2"}]}]',
      '[3,"1",{"configurationKey":[{"key":"HeartbeatInterval","value":"300"},{"key":"AuthorizationKey","value":"***"}]}]',
    ],
    [
      '[2,"1","NotifyReport",{"reportData":[{"variable":{"name":"BasicAuthPassword"},"variableAttribute":[{"type":"Actual","value":"hunter2"}]},{"variable":{"name":"Identity"},"variableAttribute":[{"value":"CP1"}]}]}]',
      '[2,"1","NotifyReport",{"reportData":[{"variable":{"name":"BasicAuthPassword"},"variableAttribute":[{"type":"Actual","value":"***"}]},{"variable":{"name":"Identity"},"variableAttribute":[{"value":"CP1"}]}]}]',
    ],
    [
      '[2,"1","SetNetworkProfile",{"connectionData":{"vpn":{"server":"s","user":"u","password":"hunter2","key":"hunter2","type":"IKEv2"}}}]',
      '[2,"1","SetNetworkProfile",{"connectionData":{"vpn":{"server":"s","user":"u","password":"***","key":"***","type":"IKEv2"}}}]',
    ],
    [
      '[2,"1","DataTransfer",{"vendorId":"v","data":"{\\"apnPassword\\":\\"hunter2\\",\\"apn\\":\\"internet\\"}"}]',
      '[2,"1","DataTransfer",{"vendorId":"v","data":"{\\"apnPassword\\":\\"***\\",\\"apn\\":\\"internet\\"}"}]',
    ],
    [
      '[2,"1","SetNetworkProfile",{"connectionData":{"vp\\u006e":{"\\u006bey":"hunter2"}}}]',
      '[2,"1","SetNetworkProfile",{"connectionData":{"vpn":{"key":"***"}}}]',
    ],
    [
      '[2,"1","ChangeConfiguration",{"key":"WifiPassword","value":"hunter2"}]',
      '[2,"1","ChangeConfiguration",{"key":"WifiPassword","value":"***"}]',
    ],
    [
      '[2,"1","ChangeConfiguration",{"key":"WifiPSK","value":"hunter2"}]',
      '[2,"1","ChangeConfiguration",{"key":"WifiPSK","value":"***"}]',
    ],
    [
      '[2,"1","ChangeConfiguration",{"key":"FtpPasswd","value":"hunter2"}]',
      '[2,"1","ChangeConfiguration",{"key":"FtpPasswd","value":"***"}]',
    ],
    [
      '[2,"1","NotifyReport",{"reportData":[{"variable":{"name":"SharedSecret"},"variableAttribute":[{"value":"hunter2"}]},{"variable":{"name":"Vpn\\u004bey"},"variableAttribute":[{"value":"hunter2"}]}]}]',
      '[2,"1","NotifyReport",{"reportData":[{"variable":{"name":"SharedSecret"},"variableAttribute":[{"value":"***"}]},{"variable":{"name":"VpnKey"},"variableAttribute":[{"value":"***"}]}]}]',
    ],
    [
      '[2,"1","SetVariables",{"setVariableData":[{"attributeValue":"hunter2","component":{"name":"NetworkConfiguration"},"variable":{"name":"VpnPassword"}},{"attributeValue":"60","variable":{"name":"Interval"}}]}]',
      '[2,"1","SetVariables",{"setVariableData":[{"attributeValue":"***","component":{"name":"NetworkConfiguration"},"variable":{"name":"VpnPassword"}},{"attributeValue":"60","variable":{"name":"Interval"}}]}]',
    ],
    [
      '[2,"1","DataTransfer",{"data":{"password":["hunter2",{"old":"hunter2","since":5,"valid":true}],"note":"x"}}]',
      '[2,"1","DataTransfer",{"data":{"password":["***",{"old":"***","since":"***","valid":true}],"note":"x"}}]',
    ],
    [
      '[2,"1","DataTransfer",{"vendorId":"v","data":"apn=internet;password=hunter2;user=x"}]',
      '[2,"1","DataTransfer",{"vendorId":"v","data":"apn=internet;password=***;user=x"}]',
    ],
    [
      '[2,"1","DataTransfer",{"vendorId":"v","data":"ftp:\\/\\/user:hunter2@files.example\\/x"}]',
      '[2,"1","DataTransfer",{"vendorId":"v","data":"ftp://user:***@files.example/x"}]',
    ],
    [
      '[2,"1","DataTransfer",{"vendorId":"v","data":"Server=db;Pwd=hunter2;Port=1"}]',
      '[2,"1","DataTransfer",{"vendorId":"v","data":"Server=db;Pwd=***;Port=1"}]',
    ],
    // The number of a monitor is a threshold; a text beside the same name is still a secret.
    [
      '[2,"1","NotifyMonitoringReport",{"monitor":[{"variable":{"name":"WifiPSK"},"variableMonitoring":[{"severity":1,"value":2.5},{"value":4711}],"attributeValue":"hunter2"}]}]',
      '[2,"1","NotifyMonitoringReport",{"monitor":[{"variable":{"name":"WifiPSK"},"variableMonitoring":[{"severity":1,"value":2.5},{"value":"***"}],"attributeValue":"***"}]}]',
    ],
    // An event has a severity, too, and its value is one.
    [
      '[2,"1","NotifyEvent",{"eventData":[{"severity":5,"actualValue":4711,"variable":{"name":"BasicAuthPassword"}}]}]',
      '[2,"1","NotifyEvent",{"eventData":[{"severity":5,"actualValue":"***","variable":{"name":"BasicAuthPassword"}}]}]',
    ],
    [
      `[2,"1","SecurityEventNotification",{"techInfo":"PUT /uploads/${'a'.repeat(43)}/log.zip failed"}]`,
      '[2,"1","SecurityEventNotification",{"techInfo":"PUT /uploads/***/log.zip failed"}]',
    ],
    // The second of two members counts for who parses it, and the first is in the text all the same.
    [
      '[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"hunter2","value":null}]',
      '[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":null}]',
    ],
  ])('in %s', (frame, hidden) => {
    expect(hideFrameSecrets(frame)).toBe(hidden)
  })
})

test('a frame without a secret stays as it is, to the last space', () => {
  const frame = '[2, "1", "UpdateFirmware", {"location": "https://files.example/x", "note": "\\u00e4"}]'
  expect(hideFrameSecrets(frame)).toBe(frame)
})

test('a frame that cannot be parsed, nests too deep or is long loses its secrets, too', () => {
  const broken =
    '[2,"1","SetNetworkProfile",{"connectionData":{"vpn":{"key":"hunter2","password":"hunter2"},"apn":{"simPin":4711'
  expect(hideFrameSecrets(broken)).not.toContain('hunter2')
  const brokenKey = '[2,"1","ChangeConfiguration",{"key":"WifiPassword","value":"hunter2"'
  expect(hideFrameSecrets(brokenKey)).not.toContain('hunter2')
  const brokenUrls = ['ftp:\\/\\/u:hunter2@h', 'ftp:/\\/u:hunter2@h', 'ftp\\u003a\\u002F/u:hunter2@h']
  for (const url of brokenUrls) {
    expect(hideFrameSecrets(`[2,"1","GetDiagnostics",{"location":"${url}"`)).not.toContain('hunter2')
  }
  const deep = `${'['.repeat(500)}{"password":"hunter2"}${']'.repeat(500)}`
  expect(hideFrameSecrets(deep)).not.toContain('hunter2')
  const long = JSON.stringify([2, '1', 'DataTransfer', { data: 'x'.repeat(100_000), password: 'hunter2' }])
  expect(hideFrameSecrets(long)).not.toContain('hunter2')
})
