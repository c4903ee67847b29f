// What a log line looks like, which lines are written, and what never stands in one.

import { expect, test } from 'bun:test'
import { StatorError } from '../../../src/base/errors.ts'
import { logFrameCharactersMax, logTextCharactersMax } from '../../../src/base/limits.ts'
import { createLogger, logFields, logLevels, silentLogger } from '../../../src/base/log.ts'
import type { AdjustableLogger, LogFields, LogLevels } from '../../../src/base/log.ts'

function capture(levels: LogLevels): { log: AdjustableLogger; lines: () => Record<string, unknown>[] } {
  const written: string[] = []
  const log = createLogger(levels, { write: (line) => void written.push(line) })
  return { log, lines: () => written.map((line) => JSON.parse(line)) }
}

test('a line is one JSON object with level, time, category, fields and sentence', () => {
  const { log, lines } = capture({ Default: 'Information' })
  log.category('OCPP').info({ identity: 'CP001', messageId: 'm-1', action: 'Heartbeat' }, 'A frame arrived.')
  expect(lines()).toEqual([
    {
      level: 'Information',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      category: 'OCPP',
      identity: 'CP001',
      messageId: 'm-1',
      action: 'Heartbeat',
      msg: 'A frame arrived.',
    },
  ])
})

test('each category has its own level and falls back to Default', () => {
  const { log, lines } = capture({ Default: 'Warning', OCPP: 'Debug', Api: 'None' })
  log.info('Stator, below its level')
  log.category('OCPP').debug('OCPP, at its level')
  log.category('OCPP').trace('OCPP, below its level')
  log.category('Api').fatal('the Api says nothing at all')
  log.category('Database').warn('Database, at the level of Default')
  expect(lines().map((line) => line['msg'])).toEqual(['OCPP, at its level', 'Database, at the level of Default'])
})

test('a level is asked for as it is written', () => {
  const { log } = capture({ Default: 'Information' })
  expect(log.isEnabled('Information')).toBe(true)
  expect(log.isEnabled('Debug')).toBe(false)
  expect(log.isEnabled('None')).toBe(false)
  expect(silentLogger.isEnabled('Critical')).toBe(false)
})

test('levels that are set later hold for every log that was made before', () => {
  const { log, lines } = capture({ Default: 'Warning' })
  const logs = [log, log.category('Api'), log.category('OCPP').child({ identity: 'CP001' })]
  for (const each of logs) each.info('too low')
  log.setLevels({ Default: 'Information', Api: 'None' })
  for (const each of logs) each.info('written')
  expect(lines().map(({ category, msg }) => [category, msg])).toEqual([
    ['Stator', 'written'],
    ['OCPP', 'written'],
  ])
})

test('every method writes its own .NET level', () => {
  const { log, lines } = capture({ Default: 'Trace' })
  for (const method of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const) log[method](method)
  expect(lines().map((line) => line['level'])).toEqual(Object.keys(logLevels).filter((level) => level !== 'None'))
})

test('a child keeps its fields through other children and categories', () => {
  const { log, lines } = capture({ Default: 'Information' })
  log.child({ identity: 'CP001' }).child({ epoch: 7 }).category('Api').info({ requestId: 'r-1' }, 'x')
  expect(lines()[0]).toMatchObject({ category: 'Api', identity: 'CP001', epoch: 7, requestId: 'r-1' })
})

test('an error shows its code, stack and causes, and no password', () => {
  const { log, lines } = capture({ Default: 'Information' })
  const cause = Object.assign(new Error('refused by postgres://stator:hunter2@db/x'), { code: 'ECONNREFUSED' })
  log.error({ error: new Error('cannot connect with Password=hunter2;', { cause }) }, 'The database is away.')
  expect(lines()[0]?.['error']).toMatchObject({
    name: 'Error',
    message: 'cannot connect with Password=***;',
    stack: expect.stringContaining('log.test.ts'),
    cause: { message: 'refused by postgres://stator:***@db/x', code: 'ECONNREFUSED' },
  })
  expect(JSON.stringify(lines())).not.toContain('hunter2')
})

test('an error that is its own cause is not followed forever', () => {
  const { log, lines } = capture({ Default: 'Information' })
  const error = new Error('round')
  error.cause = error
  log.error({ error }, 'x')
  expect(lines()).toHaveLength(1)
})

test('a thrown text is logged as it is, without its password', () => {
  const { log, lines } = capture({ Default: 'Information' })
  log.error({ error: 'Password=hunter2' }, 'x')
  expect(lines()[0]?.['error']).toBe('Password=***')
})

test('a logged frame shows no password that it sets', () => {
  const { log, lines } = capture({ Default: 'Trace' })
  const frame = '[2,"1","ChangeConfiguration",{"key":"AuthorizationKey","value":"hunter2"}]'
  log.category('OCPP').trace({ frame }, 'sent')
  expect(lines()[0]?.['frame']).toContain('"value":"***"')
})

test('a field that quotes what a charge point sent is cut, and says how long it was', () => {
  const { log, lines } = capture({ Default: 'Information' })
  const long = 'x'.repeat(1_000_000)
  const cut = `${'x'.repeat(logTextCharactersMax)}… (1000000 characters)`
  log.child({ path: long }).info({ reason: long, detail: { sent: long }, count: 3 }, 'x')
  expect(lines()[0]).toMatchObject({ path: cut, reason: cut, count: 3 })
  expect(String(lines()[0]?.['detail'])).toStartWith('{"sent":"xxx')
  expect(JSON.stringify(lines()[0]).length).toBeLessThan(4 * logTextCharactersMax)
})

test('an error whose message quotes a long text is cut, and still shows where it was thrown', () => {
  const { log, lines } = capture({ Default: 'Information' })
  const cause = Object.assign(new Error('x'.repeat(1_000_000)), { code: 'x'.repeat(1_000_000) })
  log.error({ error: new SyntaxError(`Unexpected identifier "${'x'.repeat(1_000_000)}"`, { cause }) }, 'x')
  log.error({ error: 'x'.repeat(1_000_000) }, 'x')
  expect(lines()[0]?.['error']).toMatchObject({
    name: 'SyntaxError',
    message: expect.stringMatching(/^Unexpected identifier "x+… \(1000024 characters\)$/),
    stack: expect.stringContaining('log.test.ts'),
    cause: { message: expect.stringContaining('…'), code: expect.stringContaining('…') },
  })
  for (const line of lines()) expect(JSON.stringify(line).length).toBeLessThan(10 * logTextCharactersMax)
})

test('a frame is cut once its password is out of it', () => {
  const { log, lines } = capture({ Default: 'Trace' })
  const before = 'x'.repeat(logFrameCharactersMax - 20)
  const frame = `[2,"1","ChangeConfiguration",{"x":"${before}","key":"AuthorizationKey","value":"hunter2hunter2"}]`
  log.trace({ frame }, 'sent')
  expect(lines()[0]?.['frame']).toEndWith(`… (${frame.length - 'hunter2hunter2'.length + 3} characters)`)
  expect(JSON.stringify(lines())).not.toContain('hunter2')
})

test('what JSON cannot hold is logged all the same', () => {
  const { log, lines } = capture({ Default: 'Information' })
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  log.info({ detail: circle }, 'x')
  expect(lines()).toHaveLength(1)
})

test('the table of fields names every field that a line can hold', () => {
  const { log, lines } = capture({ Default: 'Information' })
  const own = ['time', 'level', 'category', 'msg']
  const fields: LogFields = Object.fromEntries(
    Object.keys(logFields)
      .filter((field) => !own.includes(field))
      .map((field) => [field, 1]),
  )
  log.info(fields, 'all')
  expect(Object.keys(lines()[0] ?? {}).sort()).toEqual(Object.keys(logFields).sort())
})

test('the log continues when standard output is not read any more', async () => {
  const script = `
    import { createLogger } from ${JSON.stringify(`${import.meta.dir}/../../../src/base/log.ts`)}
    const log = createLogger({ Default: 'Information' })
    for (let line = 0; line < 50_000; line++) log.info({ count: line }, 'a line')
    process.stderr.write('still here')`
  const child = Bun.spawn(['sh', '-c', '"$0" -e "$1" | head -1', process.execPath, script], {
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [output, errors] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited])
  expect(output.split('\n')).toHaveLength(2)
  expect(errors).toBe('still here')
})

test('a line about an error has its code, or that of a cause, or INTERNAL', () => {
  const { log, lines } = capture({ Default: 'Information' })
  const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' })
  log.warn({ error: refused }, 'x')
  log.warn({ error: new Error('the query failed', { cause: refused }) }, 'x')
  log.warn({ error: new StatorError('STORE_UNAVAILABLE', 'away', undefined, refused) }, 'x')
  log.warn({ code: 'NOT_CONNECTED', error: refused }, 'x')
  log.warn({ error: new Error('a fault') }, 'x')
  log.warn({ error: 'a text' }, 'x')
  log.info({ reason: 'none' }, 'x')
  expect(lines().map(({ code }) => code)).toEqual([
    'ECONNREFUSED',
    'ECONNREFUSED',
    'STORE_UNAVAILABLE',
    'NOT_CONNECTED',
    'INTERNAL',
    'INTERNAL',
    undefined,
  ])
})
