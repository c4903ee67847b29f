// One charge point must not fill the log, nor take the time of all others by writing to it.

import { beforeEach, describe, expect, test } from 'bun:test'
import { Counters } from '../../../src/base/counters.ts'
import {
  logIdentitiesMax,
  logLinesAtOnceMax,
  logLinesPerSecondMax,
  logRefusalsAtOnceMax,
  logSummaryMs,
} from '../../../src/base/limits.ts'
import { createLogger, type Logger, type LogLevels } from '../../../src/base/log.ts'
import { limitLog } from '../../../src/base/log-limit.ts'
import { HandClock } from '../../support/hand-clock.ts'

let clock: HandClock
let counters: Counters
let written: Record<string, unknown>[]

beforeEach(() => {
  clock = new HandClock()
  counters = new Counters()
  written = []
})

function limited(levels: LogLevels = { Default: 'Information' }) {
  return limitLog(createLogger(levels, { write: (line) => void written.push(JSON.parse(line)) }), clock, counters)
}

function times(count: number, write: () => void): void {
  for (let time = 0; time < count; time++) write()
}

function about(identity: string): number {
  return written.filter((line) => line['identity'] === identity && line['count'] === undefined).length
}

describe('the limit on log lines', () => {
  test('suppresses and counts lines about a charge point above its allowance, and none about others', () => {
    const log = limited().log.category('OCPP')
    times(logLinesAtOnceMax + 30, () => log.info({ identity: 'LOUD' }, 'x'))
    times(3, () => log.info({ identity: 'QUIET' }, 'x'))
    times(1_000, () => log.warn('about nobody'))
    expect([about('LOUD'), about('QUIET')]).toEqual([logLinesAtOnceMax, 3])
    expect(written).toHaveLength(logLinesAtOnceMax + 3 + 1_000)
    expect(counters.logLinesSuppressed).toBe(30)
  })

  test('says in one line how many were suppressed, even if nothing more is logged about that charge point', () => {
    const log = limited().log.category('OCPP')
    times(logLinesAtOnceMax + 30, () => log.info({ identity: 'LOUD' }, 'x'))
    times(logLinesAtOnceMax + 7, () => log.info({ identity: 'OTHER' }, 'x'))
    written = []
    clock.pass(logSummaryMs)
    expect(written.map(({ identity, count, category, level }) => [identity, count, category, level])).toEqual([
      ['LOUD', 30, 'OCPP', 'Warning'],
      ['OTHER', 7, 'OCPP', 'Warning'],
    ])
    clock.pass(logSummaryMs)
    expect(written).toHaveLength(2)
    expect(clock.alarms).toBe(0)
  })

  test('gives a charge point some more lines each second, and never more at once than at first', () => {
    const log = limited().log.category('OCPP')
    times(logLinesAtOnceMax + 1, () => log.info({ identity: 'LOUD' }, 'x'))
    clock.pass(1_000)
    times(100, () => log.info({ identity: 'LOUD' }, 'x'))
    expect(about('LOUD')).toBe(logLinesAtOnceMax + logLinesPerSecondMax)
    clock.pass(3_600_000)
    times(1_000, () => log.info({ identity: 'LOUD' }, 'x'))
    expect(about('LOUD')).toBe(2 * logLinesAtOnceMax + logLinesPerSecondMax)
  })

  test('counts lines of all levels and of children, whatever connection they are about', () => {
    const { log } = limited()
    const ocpp = log.category('OCPP')
    times(logLinesAtOnceMax, () => ocpp.error({ identity: 'LOUD', epoch: 1 }, 'x'))
    log.child({ identity: 'LOUD' }).category('OCPP').fatal({ epoch: 2 }, 'x')
    log.child({ identity: 'LOUD' }).warn('x')
    expect(counters.logLinesSuppressed).toBe(2)
  })

  test('counts no line that is below its level', () => {
    const log = limited({ Default: 'Warning' }).log.category('OCPP')
    const below: readonly ('trace' | 'debug' | 'info')[] = ['trace', 'debug', 'info']
    for (const method of below) times(logLinesAtOnceMax, () => log[method]({ identity: 'LOUD' }, 'x'))
    log.warn({ identity: 'LOUD' }, 'x')
    expect({ lines: about('LOUD'), suppressed: counters.logLinesSuppressed }).toEqual({ lines: 1, suppressed: 0 })
  })

  test('gives refused handshakes one allowance together: identities are made up there', () => {
    const log = limited().log.category('OCPP')
    times(logRefusalsAtOnceMax + 20, () => log.info({ identity: crypto.randomUUID(), path: '/ocpp/x' }, 'x'))
    times(5, () => log.info({ path: '/ocpp/' }, 'x'))
    expect(written).toHaveLength(logRefusalsAtOnceMax)
    log.info({ identity: 'CP001' }, 'A charge point is connected.')
    expect(about('CP001')).toBe(1)
    written = []
    clock.pass(logSummaryMs)
    expect(written).toMatchObject([{ count: 25 }])
  })

  test('remembers a bounded number of charge points, and reports the suppressed lines of one that it forgets', () => {
    const log = limited().log.category('OCPP')
    times(logLinesAtOnceMax + 4, () => log.info({ identity: 'FIRST' }, 'x'))
    written = []
    for (let station = 1; station < logIdentitiesMax; station++) log.info({ identity: `CP${station}` }, 'x')
    log.info({ identity: 'FIRST' }, 'x')
    expect(about('FIRST')).toBe(0)
    log.info({ identity: 'LAST' }, 'x')
    expect(written.filter((line) => line['count'] !== undefined)).toMatchObject([{ identity: 'FIRST', count: 5 }])
    log.info({ identity: 'FIRST' }, 'x')
    expect(about('FIRST')).toBe(1)
  })

  test('reports the suppressed lines at the stop, and leaves no timer behind', () => {
    const { log, stop } = limited()
    const ocpp: Logger = log.category('OCPP')
    times(logLinesAtOnceMax + 9, () => ocpp.info({ identity: 'LOUD' }, 'x'))
    stop()
    expect(written.at(-1)).toMatchObject({ identity: 'LOUD', count: 9 })
    ocpp.info({ identity: 'LOUD' }, 'x')
    expect(clock.alarms).toBe(0)
  })
})
