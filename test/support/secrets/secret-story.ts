// A day with two charge points in which a secret is in every place that may have one: what operators set and send, what
// charge points repeat and report, what strangers try.

import type { RawChargePoint } from '../raw-charge-point.ts'
import { basic, handshakeAnswer, RawChargePoint as Raw } from '../raw-charge-point.ts'
import type { MarkedSecrets } from './marked-secrets.ts'
import type { RestReader, RestRequest } from './rest-reader.ts'

type Json = Readonly<Record<string, unknown>>

/** What the story is played with. */
export interface Cast {
  readonly secrets: MarkedSecrets
  readonly rest: RestReader
  readonly ocppUrl: string
}

export const station16 = 'CP-16'
export const station201 = 'CP-201'

/** Operators create charge points, one by one and in batches; some requests are wrong. */
export async function provision({ secrets, rest }: Cast): Promise<Readonly<Record<string, string>>> {
  const make = (use: string): string => secrets.make(use)
  const password16 = make('password of a charge point')
  const password201 = make('password of a charge point of 2.0.1')
  const apiKey = make('API key of a charge point')
  await rest.done('/api/chargepoints', { body: { chargePointId: station16, password: password16, apiKey } })
  await rest.done('/api/chargepoints', { body: { chargePointId: station201, password: password201 } })
  await rest.done('/api/chargepoints', { body: { chargePointId: 'CP-TOKEN' } })
  await rest.done(`/api/chargepoints/CP-TOKEN`, { method: 'PATCH', body: { password: make('changed password') } })
  await rest.done('/api/id-tags', { body: { idTag: 'TAG-1', status: 'Accepted' } })
  await rest.done('/api/chargepoints:batch', {
    body: [{ chargePointId: 'CP-B1', password: make('password in a batch') }],
  })
  const csv = (lines: string, header = 'chargePointId,password'): RestRequest => ({
    body: `${header}\n${lines}`,
    type: 'text/csv',
  })
  await rest.done('/api/chargepoints:batch', csv(`CP-B2,${make('password in CSV')}`))
  const wrong: readonly (readonly [path: string, request: RestRequest])[] = [
    ['/api/chargepoints', { body: { chargePointId: 'CP-X', password: { text: make('password of a wrong type') } } }],
    ['/api/chargepoints', { body: { chargePointId: 'CP-X', password: [make('password in a list')] } }],
    ['/api/chargepoints', { body: { chargePointId: 'CP-X', pasword: make('password under a wrong name') } }],
    ['/api/chargepoints', { body: { chargePointId: station16, password: make('password of one that is there') } }],
    ['/api/chargepoints', { body: { chargePointId: 'CP-X', password: make('password that is too long').repeat(20) } }],
    ['/api/chargepoints', { body: { chargePointId: 'CP-X', apiKey: `${make('API key with a space')} x` } }],
    ['/api/chargepoints', { body: `{"chargePointId":"CP-X","password":"${make('password in broken JSON')}` }],
    ['/api/chargepoints', { body: JSON.stringify(make('password instead of a body')) }],
    ['/api/chargepoints', { body: make('password that is no JSON') }],
    ['/api/chargepoints:batch', { body: [{ chargePointId: 'CP-Y', password: [make('password in a bad line')] }] }],
    ['/api/chargepoints:batch', csv(`CP-B3,"${make('password in a quote that does not end')}`)],
    ['/api/chargepoints:batch', csv(`CP-B3,${make('password in a line that is too long')},more,cells`)],
    ['/api/chargepoints:batch', csv(`CP-B3,${make('password of CSV')}\nCP-B3,${make('password of the same')}`)],
    [`/api/chargepoints/CP-B1`, { method: 'PATCH', body: { password: [make('password in a bad change')] } }],
  ]
  for (const [path, request] of wrong) await rest.ask(path, request)
  return { password16, password201, apiKey }
}

/** Strangers, and those in the right with wrong credentials, at every door. */
export async function knockWrongly({ secrets, rest, ocppUrl }: Cast, token: string): Promise<void> {
  const make = (use: string): string => secrets.make(`${use} of a stranger`)
  const headers: readonly Readonly<Record<string, string>>[] = [
    { Authorization: basic(station16, make('password')) },
    { Authorization: basic(make('user name that is a password'), make('password')) },
    { Authorization: `Basic ${make('Basic without base64')}:x` },
    { Authorization: `Basic ${Buffer.from(make('Basic without a colon')).toString('base64')}` },
    { Authorization: make('bare Authorization') },
    { Authorization: `Bearer ${make('Bearer that is no token')}` },
    { Authorization: `Bearer ${token.slice(0, -6)}AAAAAA` },
    { 'X-API-Key': make('API key') },
    { 'X-API-Key': make('API key'), 'X-Charge-Point-Id': make('X-Charge-Point-Id') },
    { Cookie: `session=${make('cookie')}`, 'X-Request-Id': 'request-1' },
    { 'X-Client-Cert': make('certificate of a proxy') },
    { 'X-Client-Cert': `Subject="CN=CP;OU=${make('certificate of a proxy')}"` },
  ]
  const paths = [
    `${station16}?password=${make('password in a query')}`,
    `${station16}?access_token=${make('token in a query')}&x=1`,
    `user:${make('password in a path')}@${station16}`,
    `${station16}:${make('password after a colon')}`,
    `user%3A${make('password that is escaped')}%40${station16}`,
  ]
  for (const each of headers) {
    const { body } = await handshakeAnswer({ url: ocppUrl, identity: station16, headers: each })
    await keep(rest, 'handshake with wrong headers', body)
    await rest.ask('/api/chargepoints', { headers: each })
    await rest.ask(`/api/chargepoints/${station16}/status`, { headers: each })
    await rest.ask('/metrics', { headers: each })
  }
  for (const path of paths) {
    const { body } = await handshakeAnswer({ url: ocppUrl, identity: station16, path })
    await keep(rest, 'handshake at a wrong path', body)
    await rest.ask(`/ocpp/${path}`)
  }
  await rest.ask(`/api/chargepoints?apiKey=${make('API key in a query')}`)
  await rest.ask(`/api/chargepoints?status=${make('value of a query')}&password=x`)
  await rest.ask(`/api/no-such-thing?token=${make('token in a query')}`)
}

async function keep(rest: RestReader, place: string, body: ReadableStream | null): Promise<void> {
  rest.answers.push({ place, content: body === null ? '' : await new Response(body).text() })
}

/** Sends a CALL of the operator, which the charge point answers with `answer`, made of what it was sent. */
async function called(
  { rest }: Pick<Cast, 'rest'>,
  raw: RawChargePoint,
  action: string,
  path: string,
  request: RestRequest,
  answer: (payload: Json, messageId: string) => string,
): Promise<Json> {
  const answered = rest.ask(path, request)
  const early = answered.then(({ text }): never => {
    throw new Error(`${path} was answered before the charge point was: ${text}`)
  })
  const { messageId, payload } = await Promise.race([raw.command(action), early])
  early.catch(() => {})
  raw.send(answer(payload, messageId))
  await answered
  return payload
}

const accepted = (_: Json, messageId: string): string => JSON.stringify([3, messageId, { status: 'Accepted' }])

/** A CALLERROR that repeats what was sent. */
const repeating = (payload: Json, messageId: string): string => {
  const text = JSON.stringify(payload)
  return JSON.stringify([4, messageId, 'PropertyConstraintViolation', `not usable: ${text}`.slice(0, 250), payload])
}

/** As `repeating`, in JSON that is broken. */
const brokenly = (payload: Json, messageId: string): string =>
  `[3,"${messageId}",{"status":"Rejected","info":${JSON.stringify(payload)}`

/** A charge point of 1.6: its configuration, files, data transfers and transactions. */
export async function play16(cast: Cast, password: string): Promise<RawChargePoint> {
  const { secrets, ocppUrl } = cast
  const make = (use: string): string => secrets.make(`${use} (1.6)`)
  const raw = await Raw.connect({ url: ocppUrl, identity: station16, password })
  await raw.call('BootNotification', { chargePointVendor: 'V', chargePointModel: 'M' })
  const at = (what: string): string => `/api/chargepoints/${station16}/${what}`
  const change = (key: string, value: string): RestRequest => ({ body: { key, value } })
  const changes: readonly (readonly [key: string, use: string, answer: typeof accepted])[] = [
    ['WifiPassword', 'secret of a vendor', accepted],
    ['VendorSharedSecret', 'secret of a vendor that is refused', repeating],
    ['ApnPassword', 'secret of a vendor in broken JSON', brokenly],
    ['AuthorizationKey', 'password that is refused', repeating],
    ['AuthorizationKey', 'password that is answered in broken JSON', brokenly],
    ['AuthorizationKey', 'password that is accepted', accepted],
  ]
  for (const [key, use, answer] of changes) {
    await called(cast, raw, 'ChangeConfiguration', at('configuration'), change(key, make(use)), answer)
  }
  const ownUrl = `wss://CP-16:${make('password in a URL that is accepted')}@csms.example`
  await called(cast, raw, 'ChangeConfiguration', at('configuration'), change('CentralSystemURL', ownUrl), accepted)
  const hex = Buffer.from(make('password as hex')).toString('hex')
  await called(cast, raw, 'ChangeConfiguration', at('configuration'), change('AuthorizationKey', hex), accepted)
  const made = await called(cast, raw, 'ChangeConfiguration', at('credentials'), { method: 'POST' }, accepted)
  secrets.add('password that Stator has made', String(made['value']))
  const reported = ['AuthorizationKey', 'WifiPassword', 'VendorApiKey', 'VpnKey'].map((key) => ({
    key,
    readonly: false,
    value: make(`reported ${key}`),
  }))
  const configuration = (_: Json, messageId: string): string =>
    JSON.stringify([3, messageId, { configurationKey: reported, unknownKey: [] }])
  await called(cast, raw, 'GetConfiguration', at('configuration'), {}, configuration)
  const long = (_: Json, messageId: string): string => {
    const filler = Array.from({ length: 900 }, (_each, n) => ({
      key: `Key${n}`,
      readonly: true,
      value: 'x'.repeat(60),
    }))
    return JSON.stringify([3, messageId, { configurationKey: [...filler, ...reported], unknownKey: [] }])
  }
  await called(cast, raw, 'GetConfiguration', at('configuration'), {}, long)
  const call = (action: string, payload: Json): RestRequest => ({ body: { action, payload } })
  const url = (scheme: string, use: string): string => `${scheme}://user:${make(`password of ${use}`)}@files.example/x`
  const signedUrl = (use: string): string => `https://files.example/x?id=1&token=${make(`token of ${use}`)}`
  const calls: readonly (readonly [action: string, payload: Json, answer: typeof accepted])[] = [
    ['GetConfiguration', {}, configuration],
    ['GetConfiguration', {}, long],
    ['ChangeConfiguration', { key: 'FtpPassword', value: make('secret of a vendor in a call') }, repeating],
    ['GetDiagnostics', { location: url('ftp', 'GetDiagnostics') }, repeating],
    ['GetDiagnostics', { location: signedUrl('GetDiagnostics') }, repeating],
    ['UpdateFirmware', { location: signedUrl('UpdateFirmware'), retrieveDate: '2030-01-01T00:00:00Z' }, repeating],
    ['UpdateFirmware', { location: url('sftp', 'UpdateFirmware'), retrieveDate: 'never' }, accepted],
    ['DataTransfer', { vendorId: 'v', data: JSON.stringify({ apnPassword: make('DataTransfer of JSON') }) }, repeating],
    ['DataTransfer', { vendorId: 'v', data: `apn=internet;password=${make('DataTransfer of settings')}` }, repeating],
    [
      'DataTransfer',
      { vendorId: 'v', data: `<apn><password>${make('DataTransfer of XML')}</password></apn>` },
      accepted,
    ],
  ]
  for (const [action, payload, answer] of calls) {
    const refused = payload['retrieveDate'] === 'never'
    if (refused) await cast.rest.ask(at('calls'), call(action, payload))
    else await called(cast, raw, action, at('calls'), call(action, payload), answer)
  }
  // Jobs that are still open at the end.
  const firmware = { location: url('ftp', 'a job'), retrieveDate: '2030-01-01T00:00:00Z' }
  const empty = (_: Json, messageId: string): string => JSON.stringify([3, messageId, {}])
  await called(cast, raw, 'UpdateFirmware', at('update-firmware'), { body: firmware }, empty)
  const log = { type: 'SecurityLog', location: signedUrl('a job') }
  await called(cast, raw, 'GetLog', at('logs'), { body: log }, accepted)
  await sendAll(raw, [
    ['StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available', info: `pwd=${make('info')}` }],
    ['StartTransaction', { ...start16, apiKey: make('StartTransaction') }],
    ['StartTransaction', { ...start16, idTag: 'TAG-1', meterStart: 5, password: make('start in another') }],
    ['DataTransfer', { vendorId: 'v', messageId: 'm', data: JSON.stringify({ apiKey: make('data transfer') }) }],
    ['DataTransfer', { vendorId: 'v', data: { password: make('data transfer that is an object') } }],
    ['DataTransfer', { vendorId: 'v', data: `ws://user:${make('URL in a data transfer')}@example/ocpp` }],
    ['BootNotification', { chargePointVendor: 'V', chargePointModel: 'M', password: make('boot') }],
    ['BootNotification', { chargePointVendor: { password: make('boot of a wrong type') }, chargePointModel: 'M' }],
    ['ChangeConfiguration', { key: 'AuthorizationKey', value: make('call in the wrong direction') }],
    ['NoSuchAction', { password: make('unknown action') }],
    ['Authorize', { idTag: 'TAG-1', password: make('Authorize') }],
    ['MeterValues', { connectorId: 1, meterValue: [], secret: make('MeterValues') }],
    ['LogStatusNotification', { status: 'Idle', password: make('LogStatusNotification') }],
    [
      'SecurityEventNotification',
      { type: 'FailedToAuthenticate', timestamp: '2030-01-01T00:00:00Z', techInfo: `password=${make('techInfo')}` },
    ],
  ])
  raw.send(`[2,"broken-1","DataTransfer",{"vendorId":"v","password":"${make('broken frame')}"`)
  raw.send(`[3,"never-asked",{"password":"${make('answer to nothing')}"}]`)
  raw.send(`{"password":"${make('no frame')}"}`)
  await raw.call('Heartbeat', {})
  return raw
}

const start16 = { connectorId: 1, idTag: 'TAG-1', meterStart: 0, timestamp: '2030-01-01T00:00:00Z' }

/** Sends CALLs one after the other; each is answered, with an error or without. */
async function sendAll(
  raw: RawChargePoint,
  calls: readonly (readonly [action: string, payload: Json])[],
): Promise<void> {
  for (const [action, payload] of calls) await raw.answerTo(raw.sendCall(action, payload))
}

/** A charge point of 2.0.1: variables, network profiles, reports and transactions. */
export async function play201(cast: Cast, password: string): Promise<RawChargePoint> {
  const { secrets, ocppUrl } = cast
  const make = (use: string): string => secrets.make(`${use} (2.0.1)`)
  const raw = await Raw.connect({ url: ocppUrl, identity: station201, password, subprotocols: ['ocpp2.0.1'] })
  await raw.call('BootNotification', { reason: 'PowerUp', chargingStation: { vendorName: 'V', model: 'M' } })
  const at = (what: string): string => `/api/chargepoints/${station201}/${what}`
  const settingResult = (attributeStatus: string) => (payload: Json, messageId: string) => {
    const [data = {}] = payload['setVariableData'] as Json[]
    const { component, variable, attributeValue } = data
    const attributeStatusInfo = { reasonCode: 'x', additionalInfo: `value ${String(attributeValue)}` }
    const setVariableResult = [{ attributeStatus, component, variable, attributeStatusInfo }]
    return JSON.stringify([3, messageId, { setVariableResult }])
  }
  const changes: readonly (readonly [key: string, use: string, answer: typeof accepted])[] = [
    ['SecurityCtrlr.BasicAuthPassword', 'password that is refused', settingResult('Rejected')],
    ['SecurityCtrlr.BasicAuthPassword', 'password that is answered with an error', repeating],
    ['SecurityCtrlr.BasicAuthPassword', 'password that is accepted', settingResult('Accepted')],
    ['NetworkConfiguration.VpnPassword', 'variable of a vendor', settingResult('Accepted')],
  ]
  for (const [key, use, answer] of changes) {
    const request = { body: { key, value: make(use) } }
    await called(cast, raw, 'SetVariables', at('configuration'), request, answer)
  }
  const made = await called(cast, raw, 'SetVariables', at('credentials'), { method: 'POST' }, settingResult('Accepted'))
  const [data = {}] = made['setVariableData'] as Json[]
  secrets.add('password that Stator has made', String(data['attributeValue']))
  const call = (action: string, payload: Json): RestRequest => ({ body: { action, payload } })
  const profile = {
    ocppVersion: 'OCPP20',
    ocppTransport: 'JSON',
    ocppCsmsUrl: `wss://user:${make('password of the CSMS URL')}@csms.example/ocpp`,
    messageTimeout: 30,
    securityProfile: 1,
    ocppInterface: 'Wired0',
    apn: { apn: 'internet', apnUserName: 'u', apnPassword: make('apnPassword'), apnAuthentication: 'CHAP' },
    vpn: { server: 's', user: 'u', password: make('password of a VPN'), key: make('key of a VPN'), type: 'IKEv2' },
  }
  const log = { remoteLocation: `ftp://u:${make('password of GetLog')}@files.example/` }
  const firmware = {
    location: `https://f.example/x?X-Amz-Signature=${make('firmware')}`,
    retrieveDateTime: start16.timestamp,
  }
  const variable = { component: { name: 'VendorCtrlr' }, variable: { name: 'SharedSecret' } }
  const got = (_: Json, messageId: string): string => {
    const result = { attributeStatus: 'Accepted', attributeValue: make('variable that is asked for'), ...variable }
    return JSON.stringify([3, messageId, { getVariableResult: [result] }])
  }
  const calls: readonly (readonly [action: string, payload: Json, answer: typeof accepted])[] = [
    ['SetNetworkProfile', { configurationSlot: 1, connectionData: profile }, repeating],
    ['SetNetworkProfile', { configurationSlot: 1, connectionData: profile }, brokenly],
    ['SetNetworkProfile', { configurationSlot: 1, connectionData: profile }, accepted],
    ['GetLog', { logType: 'SecurityLog', requestId: 1, log }, repeating],
    ['UpdateFirmware', { requestId: 2, firmware }, repeating],
    ['DataTransfer', { vendorId: 'v', data: { deep: [{ clientSecret: make('DataTransfer') }] } }, repeating],
    ['GetVariables', { getVariableData: [variable] }, got],
    ['SetVariables', { setVariableData: [{ attributeValue: make('variable in a call'), ...variable }] }, repeating],
  ]
  for (const [action, payload, answer] of calls) {
    await called(cast, raw, action, at('calls'), call(action, payload), answer)
  }
  await called(cast, raw, 'GetVariables', at('configuration?key=VendorCtrlr.SharedSecret'), {}, got)
  await sendAll(raw, eventsOf201(make))
  await raw.call('Heartbeat', {})
  return raw
}

/** What a charge point of 2.0.1 tells, with a secret in each. */
function eventsOf201(make: (use: string) => string): readonly (readonly [action: string, payload: Json])[] {
  const custom = (use: string): Json => ({ customData: { vendorId: 'v', password: make(use) } })
  const timestamp = start16.timestamp
  const reportData = [
    ['SecurityCtrlr', 'BasicAuthPassword'],
    ['NetworkConfiguration', 'VpnPassword'],
    ['NetworkConfiguration', 'VpnKey'],
    ['VendorCtrlr', 'SharedSecret'],
    ['VendorCtrlr', 'ApiKey'],
  ].map(([component = '', name = '']) => ({
    component: { name: component },
    variable: { name },
    variableAttribute: [{ value: make(`reported ${name}`) }],
  }))
  const url = {
    component: { name: 'OCPPCommCtrlr' },
    variable: { name: 'CsmsUrl' },
    variableAttribute: [{ value: `wss://user:${make('password in a reported URL')}@csms.example/ocpp` }],
  }
  const transaction = (transactionId: string, more: Json) => ({
    eventType: 'Started',
    timestamp,
    triggerReason: 'Authorized',
    seqNo: 0,
    transactionInfo: { transactionId },
    evse: { id: 1, connectorId: 1 },
    ...more,
  })
  return [
    ['NotifyReport', { requestId: 1, generatedAt: timestamp, seqNo: 0, reportData: [...reportData, url] }],
    [
      'NotifyEvent',
      {
        generatedAt: timestamp,
        seqNo: 0,
        eventData: [
          {
            eventId: 1,
            timestamp,
            trigger: 'Alerting',
            actualValue: make('value of an event'),
            eventNotificationType: 'HardWiredNotification',
            component: { name: 'SecurityCtrlr' },
            variable: { name: 'BasicAuthPassword' },
          },
        ],
      },
    ],
    ['StatusNotification', { timestamp, connectorStatus: 'Available', evseId: 1, connectorId: 1, ...custom('status') }],
    ['TransactionEvent', transaction('T-1', custom('custom data of a transaction'))],
    [
      'TransactionEvent',
      transaction('T-2', { idToken: { idToken: 'TAG-1', type: 'ISO14443' }, apiKey: make('start') }),
    ],
    ['TransactionEvent', transaction('T-3', { eventType: 'Updated', seqNo: 7, password: { is: [make('deep')] } })],
    [
      'NotifyCustomerInformation',
      { data: `password=${make('customer')}`, seqNo: 0, generatedAt: timestamp, requestId: 4 },
    ],
    ['SecurityEventNotification', { type: 'Attempt', timestamp, techInfo: `https://u:${make('techInfo')}@x/` }],
    ['DataTransfer', { vendorId: 'v', data: { list: [{ password: make('data transfer') }] } }],
    ['DataTransfer', { vendorId: 'v', data: `{"apiKey":"${make('data transfer of text')}"}` }],
    ['SignCertificate', { csr: `-----BEGIN PRIVATE KEY-----\n${make('private key instead of a request')}` }],
  ]
}
