// The cost of a frame of a megabyte for the main thread, which serves all charge points: the examination runs in
// another thread, and the rest is measured here, for each turn of the event loop, in CPU time of this thread.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { hideFrameSecrets } from '../../src/base/hide-frame-secrets.ts'
import { rowOf } from '../../src/blocks/messages.ts'
import type { ChangeSet } from '../../src/blocks/decision.ts'
import { encodeCallError, encodeCallResult, peekFrameType, peekMessageId } from '../../src/ocpp/frame.ts'
import type { FrameTask } from '../../src/ocpp/verdict.ts'
import { runMessages } from '../../src/store/wire/bind-messages.ts'
import { ChangeRows } from '../../src/store/change-rows.ts'
import { factRow } from '../../src/store/fact-row.ts'
import { MeterInsert } from '../../src/store/wire/meter-insert.ts'
import { partsOf } from '../../src/store/set-parts.ts'
import { FramePool } from '../../src/workers/pool.ts'
import { shapesOf } from '../support/hostile-frames.ts'
import { type HostileShape, hostileGroups } from '../support/hostile-shape.ts'
import { arrivalMs, chargePoint, known } from '../support/known.ts'
import { threadMs } from '../support/thread-time.ts'
import { ocppVersions } from '../../src/ocpp/version.ts'

/** Characters of a frame. */
const characters = 1_048_576
/**
 * Longest CPU time of the main thread for it in one turn, in milliseconds, on a core that does `yardstickMs` in
 * `yardstickMsUsual`.
 */
const turnMsMax = 20
const yardstickMsUsual = 10
const yardstick = `"${'\\"'.repeat(524_288)}"`
/** Shapes of each group and version. */
const shapesMax = 4
/** The least of this many times counts: the first includes compiling, and any may include the garbage collector. */
const attempts = 4
/** Longest time for the whole measurement on a busy machine, in milliseconds. */
const testMsMax = 240_000

const shapes = hostileGroups.flatMap((group) => ocppVersions.flatMap((version) => shapesOf(group, version, shapesMax)))

let pool: FramePool
beforeAll(() => {
  pool = new FramePool({ threads: 1 })
})
afterAll(() => pool.close())

/** CPU time of each turn in which this thread works on the frame, in milliseconds. */
async function turnsOf(text: string, { version }: HostileShape): Promise<number[]> {
  const turns: number[] = []
  const turn = <T>(work: () => T): T => {
    const startMs = threadMs()
    const done = work()
    turns.push(threadMs() - startMs)
    return done
  }
  const type = turn(() => {
    hideFrameSecrets(text)
    return peekFrameType(text)
  })
  if (type === 3 || type === 4 || type === 5) {
    turn(() => peekMessageId(text))
    return turns
  }
  const task: FrameTask = {
    text,
    version,
    strictness: 'lenient',
    chargePointKey: chargePoint.key,
    receivedAtMs: arrivalMs,
  }
  // While this thread waits it takes no time.
  const startMs = threadMs()
  const { verdicts, meter: block } = await pool.examineLong(task)
  turns.push(threadMs() - startMs)
  const [verdict] = verdicts
  if (verdict === undefined || verdict.kind === 'dropped') return turns
  if (verdict.kind === 'refused') {
    turn(() => encodeCallError(version, verdict.messageId, verdict.code, verdict.description, verdict.details))
    return turns
  }
  const handler = rowOf(version, verdict.action)?.handler
  if (handler === null || handler === undefined) return turns
  const { payload, sent = payload, sentText = sent } = verdict
  const meter = block === null || verdict.meter === null ? null : { block, ...verdict.meter }
  const set = turn((): ChangeSet => {
    const around = known({ sent, verbatim: sentText, meter, chargePoint: { ...chargePoint, version } })
    handler.needs?.(payload, around.chargePoint)
    const decision = handler.decide(payload, around)
    return {
      ...decision,
      chargePointKey: chargePoint.key,
      messageId: verdict.messageId,
      epoch: 1,
      receivedAtMs: arrivalMs,
      meter,
      bytes: text.length,
    }
  })
  for (const part of turn(() => partsOf(set))) {
    turn(() => {
      const rows = new ChangeRows()
      rows.add(part)
      const statements = rows.statements()
      if (part.fact !== undefined) factRow(part, part.fact)
      const values = new MeterInsert()
      if (part.meter !== null) values.add(part.meter, part.meterPlace)
      const insert = values.statement(true, true)
      runMessages(insert === null ? statements : [...statements, insert])
    })
  }
  turn(() => encodeCallResult(verdict.messageId, set.answer))
  return turns
}

/** How long this core takes for work of a known size, in milliseconds: cores differ, and others may share it. */
function yardstickMs(): number {
  const startMs = threadMs()
  for (let i = 0; i < 2; i++) JSON.stringify(JSON.parse(yardstick))
  return threadMs() - startMs
}

test(
  'a frame of a megabyte keeps the main thread busy for 20 ms at most in any turn, whatever it holds',
  async () => {
    const problems: string[] = []
    const totals: [number, string][] = []
    for (const shape of shapes) {
      let least: number[] = []
      for (let attempt = 0; attempt < attempts; attempt++) {
        const turns = await turnsOf(shape.make(characters, attempt), shape)
        if (attempt === 0 || Math.max(...turns) < Math.max(...least)) least = turns
      }
      totals.push([least.reduce((sum, ms) => sum + ms, 0), shape.name])
      if (Math.max(...least) <= turnMsMax) continue
      const slowness = Math.max(1, Math.min(...Array.from({ length: attempts }, yardstickMs)) / yardstickMsUsual)
      if (Math.max(...least) > turnMsMax * slowness) {
        const turns = least.map((ms) => ms.toFixed(1)).join(', ')
        problems.push(`${shape.name}: ${turns} ms, on a core ${slowness.toFixed(1)} times as slow as usual`)
      }
    }
    if (process.env.STATOR_TEST_TELLS !== undefined) console.log(totals.toSorted(([a], [b]) => b - a).slice(0, 15))
    expect(problems).toEqual([])
  },
  testMsMax,
)
