// No password of any shape that Stator handles may survive in a text that is shown.

import { describe, expect, test } from 'bun:test'
import { hideFrameSecrets } from '../../../src/base/hide-frame-secrets.ts'
import { hideSecrets, mayHoldSecret } from '../../../src/base/hide-secrets.ts'
import { Random } from '../../support/random.ts'

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
  ['{"password":12345,"pin":678,"secret": -1.5e3}', '{"password":"***","pin":678,"secret": "***"}'],
  ['{"\\u0070assword":"hunter2","note":"\\u0041"}', '{"password":"***","note":"A"}'],
  ['{"authorizationKey":"hunter2"}', '{"authorizationKey":"***"}'],
  ['{"key": "WifiPSK", "value":"hunter2"}', '{"key": "WifiPSK", "value":"***"}'],
  ['{"key": "ftp_passwd", "value":"hunter2"}', '{"key": "ftp_passwd", "value":"***"}'],
  ['{"name": "AdminPwd", "value":"hunter2"}', '{"name": "AdminPwd", "value":"***"}'],
  ['{"key": "WifiPassword", "value":"hunter2"}', '{"key": "WifiPassword", "value":"***"}'],
  ['{"data":"{\\"apnPassword\\":\\"hunter2\\"}"', '{"data":"{\\"apnPassword\\":\\"***\\"}"'],
  [
    '{"data":"{\\"pin\\":\\"{\\\\\"secret\\\\\":5}\\"}"',
    '{"data":"{\\"pin\\":\\"{\\\\\"secret\\\\\":\\\\\"***\\\\\"}\\"}"',
  ],
  ['not usable: {"password":"hunter2', 'not usable: {"password":"***'],
  ['https://h/x?id=1&X-Amz-Signature=hunter2#top', 'https://h/x?id=1&X-Amz-Signature=***#top'],
  ['/ocpp/CP001?access_token=hunter2', '/ocpp/CP001?access_token=***'],
  ['<apn><password>hunter2</password></apn>', '<apn><password>***</password></apn>'],
  ['apn=internet;apnPassword=hunter2;x=1', 'apn=internet;apnPassword=***;x=1'],
  [
    '-----BEGIN EC PRIVATE KEY-----\nhunter2\n-----END EC PRIVATE KEY-----',
    '-----BEGIN EC PRIVATE KEY-----***-----END EC PRIVATE KEY-----',
  ],
  [
    '[2,"1","ChangeConfiguration",{"Key":"authorizationkey","VALUE":12345}]',
    '[2,"1","ChangeConfiguration",{"Key":"authorizationkey","VALUE":"***"}]',
  ],
  [
    '[2,"1","ChangeConfiguration",{"key":"Authorization\\u004bey","v\\u0061lue":"hunter2\\u0022"}]',
    '[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"***"}]',
  ],
]

for (const [text, shown] of shapes) {
  test(`the password is taken out of: ${shown}`, () => {
    expect(hideSecrets(text)).toBe(shown)
  })
}

test('all passwords of a text are taken out, and what stands between them stays', () => {
  const text = 'from a://b:c@d and e://f:g@h: {"apiKey": "x\\\\", "user": "y", "oldPasswordHash":"z"} "password" "n"'
  const shown =
    'from a://b:***@d and e://f:***@h: {"apiKey": "***", "user": "y", "oldPasswordHash":"***"} "password" "n"'
  expect(hideSecrets(text)).toBe(shown)
})

test('a text without a password stays as it is', () => {
  const text = 'Basic authentication at http://localhost:8080/ocpp failed: {"value":"5000"}'
  expect(hideSecrets(text)).toBe(text)
  const escaped = '{"value":"\\u0035","path":"C:\\\\u0070assword"}'
  expect(hideSecrets(escaped)).toBe(escaped)
  expect(hideFrameSecrets(escaped)).toBe(escaped)
})

test('a value in a payload that names a password may be a password, and so may a field of that name', () => {
  expect(mayHoldSecret('/value', '{"key":"\\u0041uthorizationKey","value":12345}')).toBe(true)
  expect(mayHoldSecret('/apnPassword', '{"apnPassword":12345}')).toBe(true)
  expect(mayHoldSecret('/value', '{"key":"HeartbeatInterval","value":12345}')).toBe(false)
})

// What is hidden, said as shortly as regular expressions can: they take a time that grows with the square of the text.
function plainly(text: string): string {
  const plain = text.replace(/\\([\\/])/g, (pair, character) => (character === '/' ? '/' : pair))
  const shown = hiddenPlainly(plain)
  return shown === plain ? text : shown
}

function hiddenPlainly(text: string): string {
  const shown = text
    .replace(/([a-z][a-z0-9+.-]*:\/\/[^\s:/@"]*:)[^\s/@"]+@/gi, '$1***@')
    .replace(/([?&](?:[\w.-]*token|sig)=)[^&\s"'#<>\\]+/gi, '$1***')
    .replace(/\b(\w*(?:password|pwd|psw|passphrase|secret|apikey))\s*=\s*("[^"]*"|'[^']*'|[^;\s]*)/gi, '$1=***')
    .replace(/(authorization["']?\s*[:=]\s*["']?(?:basic|bearer)|x-api-key["']?\s*[:=])\s*["']?[^\s"']+/gi, '$1 ***')
    .replace(/(<[\w:]*(?:password|passphrase|secret|apikey)>)[^<"]+/gi, '$1***')
    .replace(namedSecret, hiddenValue)
  if (!/AuthorizationKey|BasicAuthPassword/i.test(shown)) return shown
  return shown.replace(namedValue, hiddenValue).replace(namedSecret, hiddenValue)
}

/** A value: a string, one in JSON in a text (its end has at most as many backslashes), or a number. */
const value = String.raw`(?:"(?:[^"\\]|\\.)*(?:"|\\?$)|(?<opening>\\+)"[^]*?(?:(?<!\\)(?!\k<opening>\\)(?<closing>\\*)"|$)|-?\d[\d.eE+-]*)`
const namedSecret = new RegExp(
  String.raw`(?<name>"\w*(?:password|passphrase|secret|apikey|authorizationkey)\w*(?<escape>\\*)"\s*:\s*)(?<value>${value})`,
  'gi',
)
const namedValue = new RegExp(
  String.raw`(?<name>"(?:value|attributeValue|actualValue)(?<escape>\\*)"\s*:\s*)(?<value>${value})`,
  'gi',
)

function hiddenValue(...found: readonly unknown[]): string {
  const { name, escape, value: sent, opening, closing } = found.at(-1) as Record<string, string | undefined>
  if (sent?.startsWith('"')) return `${name}"***${/^"(?:[^"\\]|\\.)*"$/.test(sent) ? '"' : ''}`
  if (opening !== undefined) return `${name}${opening}"***${closing === undefined ? '' : `${closing}"`}`
  return `${name}${escape}"***${escape}"`
}

test('any text is shown as the plain patterns show it', () => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  const random = new Random(seed)
  const pieces = [
    ...[
      '"',
      '"',
      '":"',
      '":"',
      '"',
      '\\',
      ':',
      ' ',
      '=',
      '://',
      '@',
      '/',
      "'",
      ';',
      'x',
      'a',
      '_',
      '-',
      '.',
      '\n',
      ',',
    ],
    ...[
      '5',
      '-',
      '":',
      '"VALUE":',
      'password',
      'Secret',
      'apiKey',
      'Authorization: Basic ',
      'x-api-key:',
      'AuthorizationKey',
      '"value":"',
      'pwd=',
      '<password>',
      '?token=',
      '\\"',
      '\\":\\"',
    ],
  ]
  for (let nth = 0; nth < 20_000; nth++) {
    const text = Array.from({ length: random.between(1, 25) }, () => random.pick(pieces)).join('')
    // A line end in a JSON string is none, so it does not matter what is made of one behind a backslash.
    if (text.includes('\\\n')) continue
    expect({ seed, text, shown: hideSecrets(text) }).toEqual({ seed, text, shown: plainly(text) })
  }
})

describe('the time that it takes grows no faster than the text, when that is', () => {
  const begun = 'AuthorizationKey'
  const shapes: Readonly<Record<string, readonly [begin: string, repeated: string]>> = {
    'one long word': ['', 'x'],
    'a scheme that never ends': ['', '://'],
    'URLs without a password': ['', 'a://b:'],
    'URLs with passwords': ['', 'a://b:c@'],
    'a name of passwords that is not closed': ['"', 'password'],
    'fields of passwords': ['', '"password":"x",'],
    'fields that are not closed': ['', '"password":"\\'],
    'a value of backslashes': ['"password":"', '\\'],
    'settings of passwords': ['', 'password='],
    'settings in quotes that are not closed': ['', `password="password='`],
    'fields of numbers': ['', '"password":1,'],
    'one long number': ['"password":', '1.'],
    'escapes of letters': ['', '\\u0061'],
    'backslashes beside an escape': ['\\u0061', '\\'],
    'a frame of numbers': [begun, '"value":1,'],
    'spaces after a setting': ['password', ' '],
    'headers without a value': ['', 'authorization: '],
    'spaces after a header': ['x-api-key:', ' '],
    'a frame of values': [begun, '"value":"x",'],
    'a frame of values that are not closed': [begun, '"value":"'],
    'a frame of values that end in escapes': [begun, '"value":"\\"'],
    'a frame with a value of escaped quotes': [`${begun}"value":"`, '\\"'],
    'a frame of names without values': [begun, '"value" '],
    'names of keys': ['', '"key":"x'],
    'one long name of a key': ['"name":"', 'pass'],
    'spaces after the name of a key': ['"name"', ' '],
    'one long word in a query': ['?', 'token'],
    'queries with tokens': ['', '?token=x'],
    'elements of XML': ['', '<password>x'],
    'one long name of an element': ['<', 'password'],
    'private keys': ['', '-----BEGIN PRIVATE KEY-----x'],
    'a private key that does not end': ['-----BEGIN PRIVATE KEY-----', '-x'],
    'fields in a text of JSON': ['', '\\"password\\":\\"x\\",'],
    'a field in a text of JSON that is not closed': ['\\"password\\":\\"', '\\\\"'],
    'backslashes after a name': ['', '"password\\\\'],
    'a frame with spaces after a name': [`${begun}"value"`, ' '],
  }
  for (const [title, [begin, repeated]] of Object.entries(shapes)) {
    test(`it holds ${title}`, () => {
      const textOf = (length: number): string => begin + repeated.repeat(Math.ceil(length / repeated.length))
      for (const hide of [hideSecrets, hideFrameSecrets]) {
        const [small = 0, large = 0] = [32_768, 131_072].map((length) => cpuMs(() => hide(textOf(length))))
        // Four times the text: a square would take sixteen times as long. Times under a millisecond are noise.
        expect({ title, hide: hide.name, isLinear: large < 9 * Math.max(small, 1) }).toEqual({
          title,
          hide: hide.name,
          isLinear: true,
        })
      }
    })
  }
})

/** CPU time of the fastest of five calls, in milliseconds. */
function cpuMs(call: () => unknown): number {
  const times = Array.from({ length: 5 }, () => {
    const begin = process.cpuUsage()
    call()
    const { user, system } = process.cpuUsage(begin)
    return (user + system) / 1_000
  })
  return Math.min(...times)
}
