// One charge point sends the most expensive frames as fast as they are accepted: the others are served as before,
// memory and disk stay bounded, and the attacker is served again once it stops.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { benchPasswordDefault } from '../../bench/cli.ts'
import { type Attack, type Attacker, attackerOf, type AttackReport, floods } from '../support/attack.ts'
import { isFullSize, keepResult } from '../support/fault-results.ts'
import { hostileGroups } from '../support/hostile-shape.ts'
import { type TestDatabase, testDatabase } from '../support/postgres.ts'
import { RawChargePoint } from '../support/raw-charge-point.ts'
import { StatorProcess } from '../support/stator-process.ts'
import { until } from '../support/until.ts'
import { Victim, type Watched } from '../support/victim.ts'

const everyAttack: readonly Attack[] = [...hostileGroups, ...floods, 'commands over REST']
/** Those of every day: with the embedded database, what it has most to write of. */
const everyDay = {
  PostgreSQL: [
    'wrong lists',
    'valid lists',
    'unreadable',
    'flood of unasked answers',
    'flood of large unasked answers',
  ],
  'the embedded database': ['valid lists', 'flood of large unasked answers'],
} as const

/** How long an attack lasts, in milliseconds. */
const attackMs = isFullSize ? 10_000 : 3_000
/** How long the victim is watched before an attack, in milliseconds. */
const quietMs = 2_000
/** Sizes of hostile frames, in characters: just below the largest frame that is accepted, and shorter. */
const sizes = [60_000, 1_000_000, 16_000, 250_000]
const shapesMax = isFullSize ? 60 : 24
/** The most that an attacker may send, in bytes. */
const bytesMax = 512 * 2 ** 20

/** The slowest answers (99 of 100) of the victim on a machine that has nothing else to do, in milliseconds. */
const p99MsMax = 50
/**
 * On a busy machine: this many times the p99 of the same victim before the attack, but never more than `p99MsUtmost`.
 */
const busyFactor = 3
const p99MsUtmost = 500
/** How often an attack is made before the victim's latency counts as too long: a busy machine has slow moments. */
const attemptsMax = 5
/** A p99 that a busy machine does not explain, in milliseconds. */
const hopelessMs = 2_000
/**
 * How much memory an attack may cost, in MiB, garbage that is not collected yet included. The initial growth of the
 * process is over before the first attack that counts.
 */
const growthMibMax = 400
/** How much an attack may add to the data folder, in MiB. */
const diskMibMax = 256
/** The longest time that outstanding answers may take, in milliseconds. */
const patienceMs = 60_000
/**
 * Longest time until an attacker that has stopped is served again, in milliseconds: its debt is paid off in eight
 * seconds.
 */
const forgivenMsMax = 30_000

const victimIdentity = 'VICTIM'
const earlyAttacker = 'ATTACKER-early'
/** How long it attacks before the attacks that count, in milliseconds. */
const earlyAttackMs = 1_000

/** Each attack and attempt has a charge point of its own, with its own allowance. */
function attackerIdentity(attack: Attack, attempt: number): string {
  return `ATTACKER-${attack.replaceAll(/\W/g, '-')}-${attempt}`
}

/** The result of one attempt of an attack. */
interface Attempt {
  readonly before: Watched
  readonly meanwhile: Watched
  readonly report: AttackReport
}

describe.each(['PostgreSQL', 'the embedded database'] as const)('one hostile charge point, with %s', (provider) => {
  const attacks = isFullSize ? everyAttack : everyDay[provider]
  let database: TestDatabase | null = null
  let stator: StatorProcess
  let victim: Victim
  /** Charge points that have attacked. */
  const attackers: string[] = []

  beforeAll(async () => {
    database = provider === 'PostgreSQL' ? await testDatabase() : null
    const attackers = attacks.flatMap((attack) =>
      Array.from({ length: attemptsMax }, (_, index) => attackerIdentity(attack, index + 1)),
    )
    stator = await StatorProcess.start({
      connectionString: database?.connectionString ?? null,
      identities: [victimIdentity, earlyAttacker, ...attackers],
      // The defaults of Stator.
      settings: { OCPP__MessageLog: 'true', Logging__LogLevel__Default: 'Information', Workers__PoolSize: '0' },
    })
    victim = await Victim.connect(stator.ocppUrl, victimIdentity)
    await (await attackerBy(earlyAttacker, 'valid lists', earlyAttackMs)).attack()
    await victim.watch(quietMs, patienceMs)
  }, 120_000)

  afterAll(async () => {
    await victim.close()
    await stator.remove()
    await database?.drop()
  })

  test.each(attacks)(
    'the victim is served in time during the attack "%s"',
    async (attack) => {
      const memoryBefore = stator.residentMib
      const diskBefore = folderMib(stator.dataFolder)
      let memoryMost = memoryBefore
      const watch = setInterval(() => (memoryMost = Math.max(memoryMost, stator.residentMib)), 50)
      const attempts: Attempt[] = []
      try {
        while (attempts.length < attemptsMax && attempts.every(isWorthAnother)) {
          attempts.push(await attempted(attack, attackerIdentity(attack, attempts.length + 1)))
        }
      } finally {
        clearInterval(watch)
      }
      const disk = folderMib(stator.dataFolder) - diskBefore
      const memory = memoryMost - memoryBefore
      const attacker = attackerIdentity(attack, attempts.length)
      attackers.push(attacker)
      // As a figure it needs the machine for itself; else all are waited for together, at the end.
      const forgivenMs = isFullSize ? await servedAgain(attacker) : 0
      keep(provider, attack, attempts, { memory, disk, forgivenMs })
      const problems = attempts.flatMap(({ meanwhile: { unanswered, wrong } }) => [
        ...(unanswered > 0 ? [`${unanswered} messages of the victim were not answered`] : []),
        ...wrong.map((answer) => `the victim was answered with ${answer}`),
      ])
      if (!attempts.some(isInTime)) problems.push(`the victim waited: ${attempts.map(sentenceOf).join(', then ')}`)
      if (memory > growthMibMax) problems.push(`memory grew by ${memory.toFixed(0)} MiB`)
      // The tables of PostgreSQL are elsewhere.
      if (disk > diskMibMax) problems.push(`the data folder grew by ${disk.toFixed(0)} MiB`)
      expect(problems).toEqual([])
    },
    attemptsMax * (attackMs + patienceMs * 2) + forgivenMsMax,
  )

  test(
    'each attacker is served again once it has stopped',
    async () => {
      await Promise.all(attackers.map(servedAgain))
    },
    2 * forgivenMsMax,
  )

  function attackerBy(identity: string, attack: Attack, durationMs: number): Promise<Attacker> {
    const password = benchPasswordDefault
    const { ocppUrl } = stator
    return attackerOf({ attack, ocppUrl, identity, password, durationMs, sizes, shapesMax, bytesMax })
  }

  async function attempted(attack: Attack, identity: string): Promise<Attempt> {
    const attacker = await attackerBy(identity, attack, attackMs)
    const before = await victim.watch(quietMs, patienceMs)
    const [meanwhile, report] = await Promise.all([victim.watch(attackMs, patienceMs), attacker.attack()])
    return { before, meanwhile, report }
  }

  /** How long it takes until a charge point that has attacked is served, in milliseconds. */
  async function servedAgain(identity: string): Promise<number> {
    const startedMs = performance.now()
    await until(
      'the attacker to be served again',
      async () => {
        try {
          const raw = await RawChargePoint.connect({ url: stator.ocppUrl, identity, password: benchPasswordDefault })
          const answer = await raw.call('Heartbeat', {})
          await raw.close()
          return 'currentTime' in answer
        } catch {
          // It may be refused for a while.
          return false
        }
      },
      forgivenMsMax,
    )
    return performance.now() - startedMs
  }
})

function isInTime({ before, meanwhile }: Attempt): boolean {
  return meanwhile.p99Ms < Math.min(Math.max(p99MsMax, busyFactor * before.p99Ms), p99MsUtmost)
}

/** A busy machine does not explain a wait of seconds. */
function isWorthAnother(attempt: Attempt): boolean {
  return !isInTime(attempt) && attempt.meanwhile.p99Ms < hopelessMs
}

function sentenceOf({ before, meanwhile }: Attempt): string {
  const { p99Ms, longestMs } = meanwhile
  return `p99 ${p99Ms.toFixed(0)} ms, longest ${longestMs.toFixed(0)} ms (p99 before: ${before.p99Ms.toFixed(0)} ms)`
}

function folderMib(folder: string): number {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const bytes = files.map(
    ({ parentPath, name }) => statSync(join(parentPath, name), { throwIfNoEntry: false })?.size ?? 0,
  )
  return bytes.reduce((sum, size) => sum + size, 0) / 2 ** 20
}

interface Cost {
  readonly memory: number
  readonly disk: number
  readonly forgivenMs: number
}

function keep(provider: string, attack: Attack, attempts: readonly Attempt[], cost: Cost): void {
  const attempt = attempts.find(isInTime) ?? attempts[0]
  if (attempt === undefined) return
  const { before, meanwhile, report } = attempt
  keepResult({
    id: `8-one-station-${provider}-${attack}`.replaceAll(/\W+/g, '-'),
    fault: `one charge point against the others: ${attack}, ${provider}`,
    file: 'one-station.test.ts',
    injected: attempts.length,
    audit: null,
    recoveryMs: [cost.forgivenMs],
    recovery: 'from the end of the attack until the attacker was served again',
    figures: {
      'frames taken from it': String(report.frames),
      'bytes taken from it': `${(report.bytes / 2 ** 20).toFixed(1)} MiB`,
      'connections it needed': String(report.connections),
      'p99 of the victim, before': `${before.p99Ms.toFixed(0)} ms`,
      'p99 of the victim, meanwhile': `${meanwhile.p99Ms.toFixed(0)} ms`,
      'longest answer to the victim': `${meanwhile.longestMs.toFixed(0)} ms`,
      'memory grown by': `${cost.memory.toFixed(0)} MiB`,
      'data folder grown by': `${cost.disk.toFixed(0)} MiB`,
    },
  })
}
