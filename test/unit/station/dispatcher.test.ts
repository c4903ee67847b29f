// How frames gather into batches, and how verdicts find their way back.

import { describe, expect, test } from 'bun:test'
import { batchBytesMax, shortFrameCharactersMax } from '../../../src/base/limits.ts'
import type { MeterBlock } from '../../../src/blocks/meter-block.ts'
import type { FrameTask, Verdict } from '../../../src/ocpp/verdict.ts'
import { Dispatcher, type BatchExaminer } from '../../../src/station/dispatcher.ts'

type Parts = Awaited<ReturnType<BatchExaminer['examine']>>

/** An examiner whose batches end when the test says so; what it examines on this thread it returns at once. */
class HandExaminer implements BatchExaminer {
  readonly batchesMax: number
  readonly crossingBytesMin: number
  readonly batches: {
    readonly texts: readonly string[]
    readonly end: (parts?: Parts) => void
    readonly fail: (error: unknown) => void
  }[] = []

  /** What was examined on this thread, batch by batch. */
  readonly here: (readonly string[])[] = []

  constructor(batchesMax: number, crossingBytesMin: number) {
    this.batchesMax = batchesMax
    this.crossingBytesMin = crossingBytesMin
  }

  examineHere(tasks: readonly FrameTask[]): Parts[number] {
    this.here.push(tasks.map(({ text }) => text))
    return part(tasks)
  }

  examine(tasks: readonly FrameTask[]): Promise<Parts> {
    const { promise, resolve, reject } = Promise.withResolvers<Parts>()
    this.batches.push({
      texts: tasks.map(({ text }) => text),
      end: (parts = [part(tasks)]) => resolve(parts),
      fail: reject,
    })
    return promise
  }

  readonly long: string[] = []
  longFails = false

  examineLong(task: FrameTask): Promise<Parts[number]> {
    this.long.push(task.text)
    return this.longFails ? Promise.reject(new Error('The thread is gone.')) : Promise.resolve(part([task]))
  }

  get texts(): (readonly string[])[] {
    return this.batches.map(({ texts }) => texts)
  }
}

function task(text: string): FrameTask {
  return { text, version: '1.6', strictness: 'lenient', chargePointKey: 1, receivedAtMs: 0 }
}

function verdictOn({ text }: FrameTask): Verdict {
  return { kind: 'dropped', reason: `verdict on ${text}` }
}

function part(tasks: readonly FrameTask[], meter: MeterBlock | null = null): Parts[number] {
  return { tasks, verdicts: tasks.map(verdictOn), meter }
}

/** A dispatcher with this many workers; by default a single byte is worth sending to a worker. */
function dispatch(batchesMax: number, crossingBytesMin = 1) {
  const examiner = new HandExaminer(batchesMax, crossingBytesMin)
  const failures: unknown[] = []
  const dispatcher = new Dispatcher(examiner)
  const reported: [verdict: Verdict | Error, meter: MeterBlock | null][] = []
  const submit = (...texts: string[]): void => {
    for (const text of texts) {
      dispatcher
        .examine(task(text))
        .then(
          ({ verdict, meter }) => {
            reported.push([verdict, meter])
            if (text === 'throws') throw new Error('Serving it failed.')
          },
          (error: Error) => {
            reported.push([error, null])
          },
        )
        .catch((error: unknown) => failures.push(error))
    }
  }
  const reasons = (): string[] =>
    reported.map(([verdict]) =>
      verdict instanceof Error ? verdict.message : 'reason' in verdict ? verdict.reason : '',
    )
  return { examiner, submit, reported, reasons, failures }
}

/** The event loop has turned twice: ended batches have been reported, and the next ones have begun. */
async function turn(): Promise<void> {
  for (let round = 0; round < 2; round++) await new Promise((resolve) => setImmediate(resolve))
}

describe('the dispatcher', () => {
  test('puts frames of one turn of the event loop into one batch', async () => {
    const { examiner, submit } = dispatch(1)
    submit('a', 'b')
    expect(examiner.texts).toEqual([])
    await turn()
    expect(examiner.texts).toEqual([['a', 'b']])
  })

  test('examines on this thread, at the end of the turn, fewer bytes than are worth sending to a worker', async () => {
    const { examiner, submit, reasons } = dispatch(1, 10)
    submit('aaaa', 'bbbbb')
    await turn()
    expect(examiner.texts).toEqual([])
    expect(examiner.here).toEqual([['aaaa', 'bbbbb']])
    expect(reasons()).toEqual(['verdict on aaaa', 'verdict on bbbbb'])
  })

  test('sends enough bytes to a worker, however few frames they are', async () => {
    const { examiner, submit } = dispatch(1, 10)
    submit('a'.repeat(10))
    await turn()
    expect(examiner.texts).toEqual([['a'.repeat(10)]])
    expect(examiner.here).toEqual([])
  })

  test('does not let a few bytes wait for a worker that is busy', async () => {
    const { examiner, submit, reasons } = dispatch(1, 10)
    submit('a'.repeat(10))
    await turn()
    submit('b')
    await turn()
    expect(examiner.here).toEqual([['b']])
    expect(reasons()).toEqual(['verdict on b'])
  })

  test('examines frames at once while a full batch waits for each worker', async () => {
    const { examiner, submit, reasons } = dispatch(1)
    submit('a')
    await turn()
    const frame = 'x'.repeat(shortFrameCharactersMax)
    submit(...Array.from({ length: batchBytesMax / shortFrameCharactersMax }, () => frame), 'b')
    await turn()
    expect(examiner.here).toEqual([['b']])
    expect(reasons()).toEqual(['verdict on b'])
    examiner.batches[0]?.end()
    await turn()
    expect(examiner.texts.map((texts) => texts.length)).toEqual([1, batchBytesMax / shortFrameCharactersMax])
  })

  test('divides waiting frames among the idle workers', async () => {
    const { examiner, submit } = dispatch(3, 2)
    submit('a', 'b', 'c', 'd', 'e', 'f')
    await turn()
    expect(examiner.texts).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      ['e', 'f'],
    ])
  })

  test('collects frames while the maximum number of batches is under way', async () => {
    const { examiner, submit, reasons } = dispatch(1)
    submit('a')
    await turn()
    submit('b')
    await turn()
    submit('c', 'd')
    await turn()
    expect(examiner.texts).toEqual([['a']])
    examiner.batches[0]?.end()
    await turn()
    expect(reasons()).toEqual(['verdict on a'])
    expect(examiner.texts).toEqual([['a'], ['b', 'c', 'd']])
  })

  test('has no more batches under way than the examiner takes, and fills up as one ends', async () => {
    const { examiner, submit } = dispatch(2)
    for (const text of ['a', 'b', 'c']) {
      submit(text)
      await turn()
    }
    expect(examiner.texts).toEqual([['a'], ['b']])
    examiner.batches[1]?.end()
    await turn()
    expect(examiner.texts).toEqual([['a'], ['b'], ['c']])
  })

  test('sends no more bytes in a batch than it may have', async () => {
    const { examiner, submit } = dispatch(2)
    submit('a')
    await turn()
    const frames = batchBytesMax / shortFrameCharactersMax
    submit(...Array.from({ length: frames + 1 }, () => 'x'.repeat(shortFrameCharactersMax)))
    await turn()
    expect(examiner.texts.map((texts) => texts.length)).toEqual([1, frames])
    examiner.batches[0]?.end()
    await turn()
    expect(examiner.texts.map((texts) => texts.length)).toEqual([1, frames, 1])
  })

  test('gives each frame its own verdict, with the meter block of its part of the batch', async () => {
    const { examiner, submit, reported, reasons } = dispatch(1)
    submit('a', 'b', 'c')
    await turn()
    const first: MeterBlock = { rows: 0, columns: [], offsets: Uint32Array.of(0) }
    const second: MeterBlock = { rows: 0, columns: [], offsets: Uint32Array.of(0) }
    examiner.batches[0]?.end([part([task('a'), task('b')], first), part([task('c')], second)])
    await turn()
    expect(reasons()).toEqual(['verdict on a', 'verdict on b', 'verdict on c'])
    expect(reported.map(([, meter]) => [first, second].findIndex((block) => block === meter))).toEqual([0, 0, 1])
  })

  test('rejects every frame of a batch whose examiner failed, and continues with the next', async () => {
    const { examiner, submit, reported, reasons } = dispatch(1)
    submit('a', 'b')
    await turn()
    submit('c')
    examiner.batches[0]?.fail(new Error('the worker is gone'))
    await turn()
    expect(reasons()).toEqual(['the worker is gone', 'the worker is gone'])
    expect(reported.map(([, meter]) => meter)).toEqual([null, null])
    examiner.batches[1]?.end()
    await turn()
    expect(reasons().slice(2)).toEqual(['verdict on c'])
  })

  test('settles each frame once, also when serving one of its batch throws', async () => {
    const { examiner, submit, reasons, failures } = dispatch(1)
    submit('a', 'throws', 'b')
    await turn()
    submit('c')
    examiner.batches[0]?.end()
    await turn()
    expect(reasons()).toEqual(['verdict on a', 'verdict on throws', 'verdict on b'])
    expect(failures).toEqual([new Error('Serving it failed.')])
    examiner.batches[1]?.end()
    await turn()
    expect(reasons().slice(3)).toEqual(['verdict on c'])
  })

  test('rejects frames that the examiner left out', async () => {
    const { examiner, submit, reasons } = dispatch(1)
    submit('a', 'b')
    await turn()
    examiner.batches[0]?.end([part([task('a')])])
    await turn()
    expect(reasons()).toEqual(['verdict on a', 'The examiner answered fewer verdicts than it was given frames.'])
  })

  test('sends a long frame at once and alone, whatever waits', async () => {
    const { examiner, submit, reasons } = dispatch(1)
    const long = 'x'.repeat(shortFrameCharactersMax + 1)
    submit('a')
    await turn()
    submit('b', long, 'y'.repeat(shortFrameCharactersMax))
    expect(examiner.long).toEqual([long])
    await turn()
    expect(reasons()).toEqual([`verdict on ${long}`])
    expect(examiner.texts).toEqual([['a']])
  })

  test('rejects a long frame whose examiner failed', async () => {
    const { examiner, submit, reasons } = dispatch(1)
    examiner.longFails = true
    submit('x'.repeat(shortFrameCharactersMax + 1))
    await turn()
    expect(reasons()).toEqual(['The thread is gone.'])
  })

  test('reports a failure that is not an Error, too', async () => {
    const { examiner, submit, reasons } = dispatch(1)
    submit('a')
    await turn()
    examiner.batches[0]?.fail('out of memory')
    await turn()
    expect(reasons()).toEqual(['out of memory'])
  })
})
