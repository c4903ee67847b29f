// The orders to an attacker in a process of its own, and its report. The attacker is
// test/fixtures/attacker.ts.

import { constants, setPriority } from 'node:os'
import { join } from 'node:path'
import type { HostileGroup } from './hostile-shape.ts'
import { within } from './until.ts'

/** Floods of one frame again and again, each time under another message id. */
export const floods = [
  'flood of small frames',
  'flood of unasked answers',
  'flood of large frames',
  'flood of large unasked answers',
] as const

/** What the attacker sends: frames of one group of shapes, or a flood of one frame, or commands to itself over REST. */
export type Attack = HostileGroup | (typeof floods)[number] | 'commands over REST'

export interface AttackOrder {
  readonly attack: Attack
  /** `ws://…/ocpp`. */
  readonly ocppUrl: string
  readonly identity: string
  readonly password: string
  readonly durationMs: number
  /**
   * Sizes of the frames, in characters: all shapes in the first size, then all in the next, and so on. Large floods use
   * the first.
   */
  readonly sizes: readonly number[]
  /** At most so many shapes of a group, evenly spread over it. */
  readonly shapesMax: number
  /** The attack ends once so many bytes have been taken from it. */
  readonly bytesMax: number
}

/** What came of an attack. Being made to wait, refused or closed is what an attacker has to expect. */
export interface AttackReport {
  /** Frames, or commands, that were taken whole. */
  readonly frames: number
  readonly bytes: number
  readonly connections: number
  /** Handshakes that were refused, or not answered. */
  readonly refused: number
  /** How often the connection was closed, by the code of the close frame; `cut` when there was none. */
  readonly closings: Readonly<Record<string, number>>
}

/** Longest until an attacker is ready, and until it has ended after its time, on a busy machine, in milliseconds. */
const attackerMsMax = 30_000

/** An attacker that has connected, and waits. */
export interface Attacker {
  /** Begins the attack; resolves when it is over. */
  attack(): Promise<AttackReport>
}

/** Starts an attacker; resolves once it has connected. */
export async function attackerOf(order: AttackOrder): Promise<Attacker> {
  const ready = Promise.withResolvers<void>()
  const reported = Promise.withResolvers<AttackReport>()
  const child = Bun.spawn([process.execPath, join(import.meta.dir, '../fixtures/attacker.ts'), JSON.stringify(order)], {
    stdio: ['ignore', 'inherit', 'inherit'],
    ipc: (message: 'ready' | AttackReport) => {
      if (message === 'ready') ready.resolve()
      else reported.resolve(message)
    },
  })
  // A real attacker has a machine of its own, and takes no processor from the others.
  setPriority(child.pid, constants.priority.PRIORITY_LOW)
  const ended = child.exited.then((code) => {
    throw new Error(`The attacker ended with code ${code}.`)
  })
  const inTime = async <T>(what: string, promise: Promise<T>, msMax: number): Promise<T> => {
    try {
      return await within(what, Promise.race([promise, ended]), msMax)
    } catch (error) {
      child.kill('SIGKILL')
      throw error
    }
  }
  await inTime('the attacker to be ready', ready.promise, attackerMsMax)
  return {
    async attack() {
      child.send('go')
      const report = await inTime('the attack to end', reported.promise, order.durationMs + attackerMsMax)
      ended.catch(() => {})
      child.kill('SIGKILL')
      return report
    },
  }
}
