// How frames gather into batches, and how verdicts find their way back.

import { describe, expect, test } from 'bun:test'
import { batchFramesMax, shortFrameCharactersMax } from '../../../src/base/limits.ts'
import type { MeterBlock } from '../../../src/blocks/meter-block.ts'
import type { FrameTask, Verdict } from '../../../src/ocpp/verdict.ts'
import { Dispatcher, type BatchExaminer } from '../../../src/station/dispatcher.ts'

type Parts = Awaited<ReturnType<BatchExaminer['examine']>>

/** An examiner whose batches end when the test says so. */
class HandExaminer implements BatchExaminer {
  readonly batchesMax: number
  readonly batches: {
    readonly texts: readonly string[]
    readonly end: (parts?: Parts) => void
    readonly fail: (error: unknown) => void
  }[] = []

  constructor(batchesMax: number) {
    this.batchesMax = batchesMax
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

function dispatch(batchesMax: number) {
  const examiner = new HandExaminer(batchesMax)
  const failures: unknown[] = []
  const dispatcher = new Dispatcher(examiner)
  const told: [verdict: Verdict | Error, meter: MeterBlock | null][] = []
  const submit = (...texts: string[]): void => {
    for (const text of texts) {
      dispatcher
        .examine(task(text))
        .then(
          ({ verdict, meter }) => {
            told.push([verdict, meter])
            if (text === 'throws') throw new Error('Serving it failed.')
          },
          (error: Error) => {
            told.push([error, null])
          },
        )
        .catch((error: unknown) => failures.push(error))
    }
  }
  const reasons = (): string[] =>
    told.map(([verdict]) => (verdict instanceof Error ? verdict.message : 'reason' in verdict ? verdict.reason : ''))
  return { examiner, submit, told, reasons, failures }
}

/** The event loop has gone round twice: what had ended has been told, and what that made room for has begun. */
async function turn(): Promise<void> {
  for (let round = 0; round < 2; round++) await new Promise((resolve) => setImmediate(resolve))
}

describe('the dispatcher', () => {
  test('lets what came in one turn of the event loop travel together', async () => {
    const { examiner, submit } = dispatch(2)
    submit('a', 'b')
    expect(examiner.texts).toEqual([])
    await turn()
    expect(examiner.texts).toEqual([['a', 'b']])
  })

  test('gathers, while as many batches are under way as there may be, what arrives meanwhile', async () => {
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

  test('cuts what waits into batches of the largest size', async () => {
    const { examiner, submit } = dispatch(4)
    submit(...Array.from({ length: batchFramesMax + 1 }, (_, index) => `frame ${index}`))
    await turn()
    expect(examiner.texts.map((texts) => texts.length)).toEqual([batchFramesMax, 1])
    expect(examiner.texts[1]).toEqual([`frame ${batchFramesMax}`])
  })

  test('hands each frame its own verdict, with the meter block of its part of the batch', async () => {
    const { examiner, submit, told, reasons } = dispatch(1)
    submit('a', 'b', 'c')
    await turn()
    const first: MeterBlock = { rows: 0, columns: [], offsets: Uint32Array.of(0) }
    const second: MeterBlock = { rows: 0, columns: [], offsets: Uint32Array.of(0) }
    examiner.batches[0]?.end([part([task('a'), task('b')], first), part([task('c')], second)])
    await turn()
    expect(reasons()).toEqual(['verdict on a', 'verdict on b', 'verdict on c'])
    expect(told.map(([, meter]) => [first, second].findIndex((block) => block === meter))).toEqual([0, 0, 1])
  })

  test('tells every frame of a batch whose examiner failed, and goes on with the next', async () => {
    const { examiner, submit, told, reasons } = dispatch(1)
    submit('a', 'b')
    await turn()
    submit('c')
    examiner.batches[0]?.fail(new Error('the worker is gone'))
    await turn()
    expect(reasons()).toEqual(['the worker is gone', 'the worker is gone'])
    expect(told.map(([, meter]) => meter)).toEqual([null, null])
    examiner.batches[1]?.end()
    await turn()
    expect(reasons().slice(2)).toEqual(['verdict on c'])
  })

  test('tells each frame once, also when serving one of its batch throws', async () => {
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

  test('tells those that the examiner forgot that it did', async () => {
    const { examiner, submit, reasons } = dispatch(1)
    submit('a', 'b')
    await turn()
    examiner.batches[0]?.end([part([task('a')])])
    await turn()
    expect(reasons()).toEqual(['verdict on a', 'The examiner answered fewer verdicts than it was given frames.'])
  })

  test('sends a long frame on its way at once, whatever waits, and alone', async () => {
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

  test('tells a long frame that its examiner failed', async () => {
    const { examiner, submit, reasons } = dispatch(1)
    examiner.longFails = true
    submit('x'.repeat(shortFrameCharactersMax + 1))
    await turn()
    expect(reasons()).toEqual(['The thread is gone.'])
  })

  test('tells of a failure that is no Error, too', async () => {
    const { examiner, submit, reasons } = dispatch(1)
    submit('a')
    await turn()
    examiner.batches[0]?.fail('out of memory')
    await turn()
    expect(reasons()).toEqual(['out of memory'])
  })
})
