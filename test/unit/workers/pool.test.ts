import { afterAll, describe, expect, test } from 'bun:test'
import { stateEventsMax, taskMsMax } from '../../../src/base/limits.ts'
import { type AnswerTask, readLongAnswer } from '../../../src/examine/answer.ts'
import type { FrameTask } from '../../../src/ocpp/verdict.ts'
import { MeterPacker } from '../../../src/workers/meter-packer.ts'
import { FramePool, type PoolOptions } from '../../../src/workers/pool.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { whenStuck } from '../../support/stuck-thread.ts'

const pools: FramePool[] = []
/** Stands still until a thread is stuck: the start of a thread takes seconds on a busy machine. */
const clock = new HandClock()
function pool(options: Partial<PoolOptions>): FramePool {
  const made = new FramePool({ threads: 1, clock, ...options })
  pools.push(made)
  return made
}
/** With the real threads, which start once for all tests that need no others. */
const real = pool({})
afterAll(whenStuck(() => clock.pass(taskMsMax)))
afterAll(async () => {
  for (const made of pools) await made.close()
})

const dyingLongFrameWorker = new URL('../../fixtures/dying-long-frame-worker.ts', import.meta.url)
const dyingWorker = new URL('../../fixtures/dying-worker.ts', import.meta.url)

function task(messageId: string, action: string, payload: unknown): FrameTask {
  return {
    text: JSON.stringify([2, messageId, action, payload]),
    version: '1.6',
    strictness: 'strict',
    chargePointKey: 7,
    receivedAtMs: Date.UTC(2026, 0, 1),
  }
}

const meterValues = (messageId: string, energy: number): FrameTask =>
  task(messageId, 'MeterValues', {
    connectorId: 1,
    transactionId: 42,
    meterValue: [{ timestamp: '2025-12-26T12:15:00Z', sampledValue: [{ value: String(energy) }] }],
  })

describe('the worker pool', () => {
  test('a worker thread gives the same verdicts on a batch as the main thread', async () => {
    const tasks = [
      meterValues('a', 100),
      task('b', 'Heartbeat', {}),
      task('c', 'StartTransaction', { connectorId: 1 }),
      meterValues('d', 200),
      { ...task('e', 'Heartbeat', {}), text: 'not json' },
    ]
    const [inWorker] = await real.examine(tasks)
    const inline = real.examineHere(tasks)
    expect(inWorker?.verdicts).toEqual(inline.verdicts)
    expect(inWorker?.verdicts.map((verdict) => verdict.kind)).toEqual(['call', 'call', 'refused', 'call', 'dropped'])
    expect(inWorker?.meter?.rows).toBe(2)
    expect(inWorker?.meter?.columns.map((column) => Buffer.from(column).toString('hex'))).toEqual(
      inline.meter?.columns.map((column) => Buffer.from(column).toString('hex')) ?? [],
    )
    expect(inWorker?.meter?.offsets).toEqual(inline.meter?.offsets ?? new Uint32Array())
  })

  test('a frame without meter values is examined at once, whatever its length', () => {
    const heartbeat = task('a', 'Heartbeat', {})
    const verdict = { kind: 'call', action: 'Heartbeat' }
    for (const text of [heartbeat.text, heartbeat.text.padEnd(4_000)]) {
      expect(real.examineAtOnce({ ...heartbeat, text })).toMatchObject({ verdict, meter: null })
    }
  })

  test('the meter value of one moment is examined at once, those of several are left for a batch', () => {
    expect(real.examineAtOnce(meterValues('b', 1))?.meter?.rows).toBe(1)
    for (const list of ['meterValue', 'transactionData']) {
      const moments = Array.from({ length: 10 }, (_, minute) => ({
        timestamp: `2025-12-26T12:1${minute}:00Z`,
        sampledValue: [{ value: '1' }],
      }))
      expect(real.examineAtOnce(task('c', 'MeterValues', { connectorId: 1, [list]: moments }))).toBeNull()
    }
  })

  test('a frame that msgpack would change is examined at once', () => {
    for (const odd of ['"\\ud83d"', '{"__proto__":1}']) {
      const text = `[2,"a","DataTransfer",{"vendorId":"V","data":${odd}}]`
      expect(
        pool({ threads: 1, paysToCross: () => true }).examineAtOnce({ ...task('a', 'Heartbeat', {}), text }),
      ).not.toBeNull()
    }
  })

  test('a long frame comes back as what decisions read of it, and one text, with all that its strings hold', async () => {
    const data = { list: Array.from({ length: 2_000 }, () => ({})), half: '\ud83d' }
    const text = `[2,"\\ud83d","DataTransfer",{"vendorId":"V","__proto__":1,"data":${JSON.stringify(data)}}]`
    const version = '2.0.1'
    const long: FrameTask = { ...task('a', 'Heartbeat', {}), version, strictness: 'lenient', text }
    const { verdicts, meter } = await real.examineLong(long)
    expect(meter).toBeNull()
    expect(verdicts).toMatchObject([
      { kind: 'call', messageId: '\ud83d', payload: { vendorId: 'V' }, sent: { vendorId: 'V' } },
    ])
    const [verdict] = verdicts
    if (verdict?.kind !== 'call') throw new Error('It was not accepted')
    expect(Object.keys(verdict.payload)).toEqual(['vendorId'])
    expect(JSON.parse(verdict.sentText ?? '')).toEqual({ vendorId: 'V', ...JSON.parse('{"__proto__":1}'), data })
  })

  test('a long frame keeps the lists that are decided on, without the custom data in them', async () => {
    const entry = { component: { name: 'C' }, variable: { name: 'V' }, variableAttribute: [{ value: 'x' }] }
    const customData = { vendorId: 'V', list: [{}, {}] }
    const reportData = Array.from({ length: 100 }, () => ({ ...entry, customData }))
    const report = { requestId: 1, generatedAt: '2026-01-01T00:00:00Z', seqNo: 0, reportData, customData }
    const long: FrameTask = { ...task('a', 'NotifyReport', report), version: '2.0.1' }
    const { verdicts } = await real.examineLong(long)
    const { customData: _, ...rest } = report
    expect(verdicts).toMatchObject([{ payload: { ...rest, reportData: reportData.map(() => entry) } }])
    expect(JSON.stringify(verdicts)).not.toContain('"customData":')
  })

  test('of a list that is decided on in part a long frame keeps that part only', async () => {
    const at = '2026-01-01T00:00:00Z'
    const entry = (name: string, actualValue: string, connectorId: number) => ({
      eventId: 1,
      timestamp: at,
      trigger: 'Delta',
      actualValue,
      eventNotificationType: 'HardWiredNotification',
      component: { name: 'Connector', evse: { id: 1, connectorId } },
      variable: { name },
    })
    const eventData = [
      ...Array.from({ length: 100 }, (_, index) => entry('Temperature', String(index), 1)),
      ...Array.from({ length: 2 * stateEventsMax }, (_, index) => entry('AvailabilityState', 'Faulted', index)),
    ]
    const sent = { generatedAt: at, seqNo: 0, eventData }
    const { verdicts } = await real.examineLong({ ...task('a', 'NotifyEvent', sent), version: '2.0.1' })
    const [verdict] = verdicts
    if (verdict?.kind !== 'call') throw new Error('the frame was not taken')
    expect(verdict.payload['eventData']).toEqual(eventData.slice(-stateEventsMax))
    expect(JSON.parse(verdict.sentText ?? '')).toEqual(sent)
  })

  test('energy registers come back from a thread as they were found, and null for none', async () => {
    const meterValue = (sampledValue: unknown[]) => [{ timestamp: '2025-12-26T12:15:00Z', sampledValue }]
    const energy = task('a', 'MeterValues', {
      connectorId: 1,
      meterValue: meterValue([{ value: '7', context: 'Transaction.End' }]),
    })
    const volts = task('b', 'MeterValues', {
      connectorId: 1,
      meterValue: meterValue([{ value: '230', measurand: 'Voltage' }]),
    })
    const wanted = [
      { meter: { registers: { begin: null, end: 7, first: 7, last: 7 } } },
      { meter: { registers: { begin: null, end: null, first: null, last: null } } },
    ]
    const [part] = await real.examine([energy, volts])
    expect(part?.verdicts).toMatchObject(wanted)
    const long = { ...energy, text: energy.text.padEnd(5_000) }
    expect((await real.examineLong(long)).verdicts).toMatchObject(wanted.slice(0, 1))
  })

  test('the meter values of a long frame become columns, and what was sent of each is kept', async () => {
    const sample = (index: number) => ({
      timestamp: `2025-12-26T12:${index % 60}`.padEnd(20, '0'),
      sampledValue: [{ value: index }],
    })
    const meterValue = [{}, ...Array.from({ length: 200 }, (_, index) => sample(10 + (index % 40)))]
    const long = { ...task('a', 'MeterValues', { connectorId: 1, meterValue }), strictness: 'lenient' as const }
    const { verdicts, meter } = await real.examineLong(long)
    expect(verdicts).toMatchObject([{ kind: 'call', payload: { connectorId: 1 }, meter: { from: 0, to: 200 } }])
    const text = Buffer.from(meter?.columns.at(-1) ?? []).toString()
    expect(text).toContain(new MeterPacker().pack(JSON.stringify(sample(10))) ?? '')
  })

  test('a worker that is stuck is ended, and only the frame that it was stuck at is refused', async () => {
    const stuck = pool({ workerUrl: dyingWorker })
    const parts = await stuck.examine([
      meterValues('a', 100),
      task('stuck', 'DataTransfer', { vendorId: 'HANG' }),
      meterValues('b', 200),
    ])
    const verdicts = parts.flatMap((part) => part.verdicts)
    expect(verdicts.map((verdict) => verdict.kind)).toEqual(['call', 'refused', 'call'])
    expect(verdicts[1]).toMatchObject({ messageId: 'stuck', code: 'InternalError' })
    const [after] = await stuck.examine([task('next', 'Heartbeat', {})])
    expect(after?.verdicts[0]?.kind).toBe('call')
  })

  test.each(['KILL', 'THROW', 'HANG'])(
    'a long frame that its thread fails on is refused alone, and those behind it are examined (%s)',
    async (word) => {
      const made = pool({ threads: 0, longFrameWorkerUrl: dyingLongFrameWorker })
      const long = (messageId: string, text: string): FrameTask =>
        task(messageId, 'DataTransfer', { vendorId: 'V', data: text.padEnd(5_000, 'x') })
      const parts = await Promise.all(['a', word, 'c'].map((text) => made.examineLong(long(text, text))))
      expect(parts.map(({ verdicts }) => verdicts[0])).toMatchObject([
        { kind: 'call', messageId: 'a' },
        { kind: 'refused', messageId: word, code: 'InternalError' },
        { kind: 'call', messageId: 'c' },
      ])
    },
  )

  test('a long frame does not wait for the batches', async () => {
    // The thread of the batches is stuck: this clock is moved later.
    const standing = new HandClock()
    const made = pool({ workerUrl: dyingWorker, clock: standing })
    let isOver = false
    const stuck = made.examine([task('HANG', 'Heartbeat', {})]).finally(() => (isOver = true))
    const status = { connectorId: 1, errorCode: 'NoError', status: 'Available', info: 'x'.repeat(5_000) }
    const { verdicts } = await made.examineLong(task('a', 'StatusNotification', status))
    expect(verdicts).toMatchObject([{ kind: 'refused', messageId: 'a', code: 'PropertyConstraintViolation' }])
    expect(isOver).toBe(false)
    const endTelling = whenStuck(() => standing.pass(taskMsMax))
    standing.pass(taskMsMax)
    await stuck
    endTelling()
  })

  test('fields called constructor and toJSON do not make a worker fail', async () => {
    const tasks = [task('a', 'Heartbeat', { constructor: 'x', toJSON: 1 })].map((one) => ({
      ...one,
      strictness: 'lenient' as const,
    }))
    const [part, ...more] = await real.examine(tasks)
    expect(more).toEqual([])
    expect(part?.verdicts).toMatchObject([{ kind: 'call', messageId: 'a', sent: { toJSON: 1 } }])
  })

  test('a field called __proto__ is kept beside meter values like any other', () => {
    const { text } = meterValues('a', 1)
    const odd = {
      ...meterValues('a', 1),
      strictness: 'lenient' as const,
      text: text.replace('{', '{"__proto__":{"a":1},'),
    }
    const verdict = real.examineAtOnce(odd)?.verdict
    const sent = verdict?.kind === 'call' ? verdict.sent : undefined
    expect(Object.keys(sent ?? {})).toEqual(['__proto__', 'connectorId', 'transactionId'])
    expect(Object.getPrototypeOf(sent)).toBe(Object.prototype)
  })

  test('without worker threads every frame that is not long is examined at once', () => {
    const manyValues = meterValues('a', 1)
    const frames = pool({ threads: 0 })
    const first = frames.examineAtOnce({ ...manyValues, text: manyValues.text.padEnd(4_000) })
    expect(first?.verdict).toMatchObject({ kind: 'call', messageId: 'a' })
    expect(frames.examineAtOnce({ ...manyValues, text: manyValues.text.padEnd(5_000) })).toBeNull()
  })

  test('without worker threads a long frame has its own thread all the same', async () => {
    const one = meterValues('a', 1)
    const frames = pool({ threads: 0, longFrameWorkerUrl: dyingLongFrameWorker })
    const deadly = task('deadly', 'DataTransfer', { vendorId: 'KILL', data: 'x'.repeat(5_000) })
    expect((await frames.examineLong(deadly)).verdicts).toMatchObject([{ kind: 'refused', messageId: 'deadly' }])
    const { verdicts } = await frames.examineLong({ ...one, text: one.text.padEnd(5_000) })
    expect(verdicts).toMatchObject([{ kind: 'call', messageId: 'a' }])
  }, 30_000)

  test('meter values that are examined at once share a block with their neighbours', () => {
    const frames = real
    // Ends the block of whatever was examined before.
    frames.examineHere([task('x', 'Heartbeat', {})])
    const [first, second] = [meterValues('a', 1), meterValues('b', 2)].map((task) => frames.examineAtOnce(task))
    expect(first?.verdict).toMatchObject({ kind: 'call', messageId: 'a', meter: { from: 0, to: 1 } })
    expect(second?.verdict).toMatchObject({ kind: 'call', messageId: 'b', meter: { from: 1, to: 2 } })
    expect(second?.meter).toBe(first?.meter ?? null)
    expect(first?.meter?.rows).toBe(2)
  })

  test('a frame that makes its examination fail is given up alone', () => {
    const hopeless = Object.defineProperty(meterValues('b', 2), 'receivedAtMs', {
      get: () => {
        throw new Error('planted')
      },
    })
    const part = real.examineHere([meterValues('a', 1), hopeless, meterValues('c', 3)])
    expect(part.verdicts.map((verdict) => verdict.kind)).toEqual(['call', 'refused', 'call'])
    expect(part.verdicts[1]).toMatchObject({ messageId: 'b', code: 'InternalError' })
  })

  test('a worker that dies is replaced, and only the frame that kills workers is refused', async () => {
    const deadly = pool({ workerUrl: dyingWorker })
    const parts = await deadly.examine([
      meterValues('a', 100),
      meterValues('b', 200),
      task('deadly', 'DataTransfer', { vendorId: 'KILL' }),
      meterValues('c', 300),
    ])
    const verdicts = parts.flatMap((part) => part.verdicts)
    expect(verdicts.map((verdict) => verdict.kind)).toEqual(['call', 'call', 'refused', 'call'])
    expect(verdicts[2]).toMatchObject({ messageId: 'deadly', code: 'InternalError' })
    expect(parts.reduce((rows, part) => rows + (part.meter?.rows ?? 0), 0)).toBe(3)
    const [after] = await deadly.examine([task('next', 'Heartbeat', {})])
    expect(after?.verdicts[0]?.kind).toBe('call')
  })

  test('a long answer is read in a thread as it would be here', async () => {
    const text = `[3,"a",{"status":"accepted","half":"\\ud83d","x":"${'y'.repeat(5_000)}",}]`
    const answer: AnswerTask = { text, version: '1.6', strictness: 'lenient', answerTo: 'Reset' }
    expect(await real.readLongAnswer(answer)).toEqual(readLongAnswer(answer))
  })

  test('a long answer that its thread dies of cannot be read', async () => {
    const answer: AnswerTask = {
      text: '[3,"a",{"a":"KILL"}]',
      version: '1.6',
      strictness: 'lenient',
      answerTo: 'Reset',
    }
    expect(await pool({ threads: 0, longFrameWorkerUrl: dyingLongFrameWorker }).readLongAnswer(answer)).toMatchObject({
      kind: 'unreadable',
    })
  })
})
