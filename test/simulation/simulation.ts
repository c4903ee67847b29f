// One simulation: charge points, the network, one or two processes of Stator and their successors, a database, and a
// watch over all of it. A plan says what happens; the same plan always runs in the same way.

import { subprotocols } from '../../src/ocpp/version.ts'
import { rowOf } from '../../src/blocks/messages.ts'
import type { KnownIdToken } from '../../src/blocks/decision.ts'
import { DatabaseModel } from './database-model.ts'
import { Watch } from './invariants.ts'
import { callTimeoutMs, idleMsMax, type PlantedParts, SimulatedNode } from './node.ts'
import { command } from './operator.ts'
import type { Action, Plan } from './plan.ts'
import { Random } from '../support/random.ts'
import type { Violation } from './rules.ts'
import { idTags, relatedIdTag } from './sessions.ts'
import { SimulatedDatabaseServer } from './simulated-database.ts'
import { Wire } from './simulated-network.ts'
import { SimulatedTime } from './simulated-time.ts'
import { SimulatedStation } from './station.ts'
import { startWatchman } from './watchman.ts'

/** The result of one run. */
export interface Outcome {
  readonly violation: Violation | null
  /** Hash of all frames on the wires and all commits; equal plans give equal hashes. */
  readonly traceHash: string
  /** Everything that happened, a line each; empty unless the run was recorded. */
  readonly trace: readonly string[]
  readonly counts: Counts
}

export interface Counts {
  steps: number
  /** Frames that the central system received or sent. */
  frames: number
  commits: number
  faults: number
}

/** The bugs that a test may plant. */
export interface Planting extends PlantedParts {
  readonly model?: () => DatabaseModel
}

/** 2026-01-01T00:00:00Z. */
const startMs = Date.UTC(2026, 0, 1)
/** Longest time until everything is at rest after the last fault. */
const restMsMax = 1_800_000
const stepsMax = 200_000
/** Pause after everything is quiet, for batched writes. */
const flushMs = 5_000

/** Runs `plan`. @param isRecorded whether to keep the trace. */
export function simulate(plan: Plan, planting: Planting = {}, isRecorded = false): Outcome {
  const uproot = plantDecisions(planting)
  try {
    return new Simulation(plan, planting, isRecorded).run()
  } finally {
    uproot()
  }
}

const transactional = [
  ['1.6', 'StartTransaction'],
  ['1.6', 'StopTransaction'],
  ['2.0.1', 'TransactionEvent'],
] as const

/** Replaces the real decisions by planted ones, until the returned function is called. */
function plantDecisions({ decide: plant }: Planting): () => void {
  if (plant === undefined) return () => {}
  const planted = transactional.flatMap(([version, action]) => {
    const handler = rowOf(version, action)?.handler
    if (handler === null || handler === undefined) return []
    const { decide } = handler
    Object.assign(handler, { decide: plant(decide) })
    return [() => Object.assign(handler, { decide })]
  })
  return () => {
    for (const uproot of planted) uproot()
  }
}

class Simulation {
  readonly #plan: Plan
  readonly #planting: Planting
  readonly #time = new SimulatedTime(startMs)
  readonly #random: Random
  readonly #model: DatabaseModel
  readonly #database: SimulatedDatabaseServer
  readonly #watch: Watch
  readonly #stations: readonly (SimulatedStation | null)[]
  readonly #present: readonly SimulatedStation[]
  readonly #counts: Counts = { steps: 0, frames: 0, commits: 0, faults: 0 }
  readonly #trace: string[] | null
  readonly #wires = new Set<Wire>()
  #hash = 0n
  /** By position; null while there is none. */
  readonly #nodes: (SimulatedNode | null)[]
  /** How long each is down once it has ended, in milliseconds. */
  readonly #downMs: number[]
  /** The position of the process that each charge point has connected to last. */
  readonly #homes = new Map<SimulatedStation, number>()
  #starts = 0
  #wireNumbers = 0

  constructor(plan: Plan, planting: Planting, isRecorded: boolean) {
    this.#plan = plan
    this.#planting = planting
    this.#trace = isRecorded ? [] : null
    this.#random = new Random(plan.seed).fork('noise')
    this.#nodes = Array.from({ length: plan.nodes }, () => null)
    this.#downMs = this.#nodes.map(() => 1_000)
    this.#model = planting.model?.() ?? new DatabaseModel()
    for (const token of tokens) this.#model.idTokens.set(token.idToken.toLowerCase(), token)
    this.#watch = new Watch(this.#model, () => this.#time.nowMs, callTimeoutMs)
    this.#database = new SimulatedDatabaseServer({
      time: this.#time,
      random: this.#random.fork('database'),
      model: this.#model,
      faultRate: plan.faultRate,
      tripMsMax: plan.databaseMsMax,
      onCommit: (sets, commit, isGhost) => {
        this.#counts.commits++
        this.#watch.stores(sets, commit, isGhost)
        for (const { messageId, epoch } of sets) {
          this.#note(`database stores ${messageId} of connection ${epoch}${isGhost ? ', late' : ''}`)
        }
      },
      onFault: (fault) => this.#fault(`commit: ${fault}`),
    })
    this.#stations = plan.stations.map((habits, index) => {
      if (habits === null) return null
      const key = index + 1
      this.#model.addChargePoint(key, `CP${key}`, habits.strictness, habits.timeZone)
      return new SimulatedStation(key, habits, this.#stationWorld(), this.#random.fork(`station ${key}`))
    })
    this.#present = this.#stations.filter((station) => station !== null)
  }

  run(): Outcome {
    startWatchman(this.#time, this.#database, this.#planting)
    for (const place of this.#nodes.keys()) this.#startNode(place)
    for (const station of this.#present) station.connect()
    for (const { afterMs, action } of this.#plan.actions) {
      this.#runFor(afterMs)
      if (this.#isOver) break
      this.#perform(action)
    }
    this.#comeToRest()
    const { violation } = this.#watch
    return { violation, traceHash: this.#hash.toString(16), trace: this.#trace ?? [], counts: this.#counts }
  }

  get #alive(): readonly SimulatedNode[] {
    return this.#nodes.flatMap((node) => (node?.isAlive === true ? [node] : []))
  }

  get #isOver(): boolean {
    return this.#watch.violation !== null
  }

  #runFor(ms: number): void {
    const endMs = this.#time.nowMs + ms
    while (!this.#isOver && this.#time.step(endMs)) this.#stepped()
  }

  #stepped(): void {
    this.#counts.steps++
    if (this.#counts.steps > stepsMax) this.#watch.neverRests(`${stepsMax} steps, and no end.`)
    const alive = this.#alive
    this.#watch.check(alive, this.#present)
    this.#watch.checkPresence(alive, this.#present, this.#database.soundSinceMs)
  }

  // The faults are over: everything that waits has to be answered.
  #comeToRest(): void {
    this.#note('nothing goes wrong any more')
    this.#database.recover()
    for (const node of this.#alive) node.thaw()
    for (const station of this.#present) station.calmDown()
    const endMs = this.#time.nowMs + restMsMax
    let quietSinceMs: number | null = null
    while (!this.#isOver) {
      const isQuiet = this.#present.every((station) => station.isQuiet) && this.#isServerQuiet()
      if (!isQuiet) quietSinceMs = null
      else quietSinceMs ??= this.#time.nowMs
      if (quietSinceMs !== null && this.#time.nowMs - quietSinceMs >= flushMs) break
      if (this.#time.nowMs >= endMs) {
        const waiting = this.#present.map((station) => `${station.identity} ${station.waiting}`)
        const unanswered = this.#alive.flatMap((node) => this.#watch.waiting(node) ?? [])
        return this.#watch.neverRests([...waiting, ...unanswered].join('; '))
      }
      this.#time.step()
      this.#stepped()
    }
    if (!this.#isOver) this.#watch.checkAtRest(this.#alive, this.#present)
  }

  // An open connection may still wait to be claimed, for example after a look-up in a database that stalled.
  #isServerQuiet(): boolean {
    const nodes = this.#alive
    if (nodes.length < this.#nodes.length || !this.#watch.presence.isRight) return false
    if (nodes.some((node) => this.#watch.waiting(node) !== null)) return false
    return this.#present.every(
      ({ identity }) => nodes.filter(({ registry }) => registry.get(identity) !== undefined).length === 1,
    )
  }

  #perform(action: Action): void {
    this.#note(sentence(action))
    const { kind } = action
    switch (kind) {
      case 'database':
        this.#fault(`database: ${action.fault}`)
        if (action.fault === 'stall') this.#database.stall(action.forMs)
        else if (action.fault === 'away') this.#database.goAway(action.forMs)
        else this.#database.cut()
        return
      case 'cutOff':
        this.#fault('cutOff')
        return this.#nodeAt(action)?.cutOff(action.forMs)
      case 'freeze':
        this.#fault('freeze')
        return this.#nodeAt(action)?.freeze(action.forMs)
      case 'commit':
        return this.#database.failNext(action.fault, action.count)
      case 'kill':
        this.#downMs[this.#placeOf(action)] = action.downMs
        this.#fault('kill')
        return this.#nodeAt(action)?.killAfter(action.afterActs)
      case 'restart':
        this.#downMs[this.#placeOf(action)] = action.downMs
        this.#fault('restart')
        this.#nodeAt(action)?.whenAwake(() => void this.#nodeAt(action)?.stop())
        return
    }
    const station = this.#stations[action.station]
    if (station === null || station === undefined) return
    switch (action.kind) {
      case 'connect':
        return station.connect()
      case 'replace':
        this.#fault('replace')
        return station.replace()
      case 'move':
        this.#fault('move')
        this.#homes.set(station, (this.#homes.get(station) ?? station.key) + 1)
        this.#time.after(action.reportsAfterMs, () => station.reportTwo(action.pick))
        return station.replace(this.#nodes.length > 1)
      case 'drop':
        this.#fault(`drop: ${action.how}`)
        return station.drop(action.how, action.stays)
      case 'report':
        return station.report(action.what, action.pick)
      case 'resend':
        this.#fault('resend')
        return station.resend(action.pick, action.count)
      case 'burst':
        return station.burst(action.count)
      case 'garbage':
        this.#fault('garbage')
        return station.sendGarbage(action.pick)
      case 'shuffle':
        this.#fault('shuffle')
        return station.shuffle()
      case 'slow':
        this.#fault('slow')
        return station.slow(action.forMs)
      case 'command':
        this.#command(action, station)
    }
  }

  /** An operator asks the process that holds the charge point, if there is one. */
  #command({ what, pick }: Extract<Action, { kind: 'command' }>, station: SimulatedStation): void {
    const { key, identity } = station
    const awake = this.#alive.filter(({ isFrozen }) => !isFrozen)
    const epoch = this.#model.chargePoints.get(key)?.epoch
    const node = awake.find(({ registry }) => registry.get(identity)?.live.epoch === epoch) ?? awake[0]
    if (node === undefined) return
    command(what, pick, station, node, this.#database, this.#watch).catch((error: unknown) =>
      this.#watch.logsError('A command failed.', error),
    )
  }

  #placeOf({ node }: { readonly node: number }): number {
    return node % this.#nodes.length
  }

  #nodeAt(action: { readonly node: number }): SimulatedNode | null {
    return this.#nodes[this.#placeOf(action)] ?? null
  }

  #startNode(place: number): void {
    this.#note(`a process starts at ${place}`)
    this.#nodes[place] = new SimulatedNode(++this.#starts, {
      time: this.#time,
      random: this.#random.fork(`node ${this.#starts}`),
      database: this.#database,
      watch: this.#watch,
      planted: this.#planting,
      onDeath: (node) => this.#died(node, place),
      onFrame: (wire, direction, text) => {
        this.#counts.frames++
        this.#note(`${wire.number} ${direction} ${text}`)
      },
    })
  }

  #died(node: SimulatedNode, place: number): void {
    if (this.#nodes[place] !== node) return
    this.#note(`the process at ${place} is gone`)
    this.#nodes[place] = null
    this.#watch.died(node)
    this.#database.settleAfterDeath()
    for (const wire of this.#wires) if (wire.server === node) wire.serverDied()
    this.#time.after(this.#downMs[place] ?? 0, () => this.#startNode(place))
  }

  #stationWorld() {
    return {
      time: this.#time,
      dial: (station: SimulatedStation) => this.#dial(station),
      onCall: this.#watchCalls(),
      onGarbage: (wire: Wire, text: string) => this.#watch.stationSendsGarbage(wire, text),
    }
  }

  #watchCalls(): Watch['stationCalls'] {
    return (wire, messageId, message) => this.#watch.stationCalls(wire, messageId, message)
  }

  #dial(station: SimulatedStation): Wire {
    const place = (this.#homes.get(station) ?? station.key) % this.#nodes.length
    // The load balancer may choose another process next time.
    this.#homes.set(station, this.#random.chance(0.3) ? place + 1 : place)
    const server = this.#nodes[place] ?? noServer
    const number = ++this.#wireNumbers
    this.#note(`${station.identity} dials process ${place}: ${number}`)
    const { latencyMsMax, version } = station.habits
    const wire = new Wire(
      number,
      { station, server },
      { time: this.#time, random: this.#random.fork(`wire ${number}`), latencyMsMax, idleMsMax },
    )
    this.#wires.add(wire)
    const subprotocol = Object.entries(subprotocols).find(([, spoken]) => spoken === version)?.[0] ?? ''
    this.#time.after(1, () => {
      if (server instanceof SimulatedNode && server.isAlive) server.dialled(wire, station.identity, subprotocol)
      else wire.refuse()
    })
    return wire
  }

  #fault(what: string): void {
    this.#counts.faults++
    this.#note(`fault: ${what}`)
  }

  #note(line: string): void {
    const { nowMs } = this.#time
    this.#hash = Bun.hash.xxHash64(line, this.#hash ^ BigInt(nowMs))
    this.#trace?.push(`${((nowMs - startMs) / 1_000).toFixed(3)} ${line}`)
  }
}

/** No process listens here. */
const noServer = {
  isAlive: false,
  onOpen: () => {},
  onText: () => {},
  onClosed: () => {},
  mayAct: () => false,
  onSent: () => {},
}

const tokens: readonly KnownIdToken[] = [
  { idToken: idTags[0], type: null, status: 'Accepted', expiryDateMs: null, parentIdTag: null },
  { idToken: idTags[1], type: null, status: 'Accepted', expiryDateMs: startMs + 600_000, parentIdTag: 'PARENT' },
  { idToken: relatedIdTag, type: null, status: 'Accepted', expiryDateMs: null, parentIdTag: 'PARENT' },
  { idToken: idTags[2], type: null, status: 'Blocked', expiryDateMs: null, parentIdTag: null },
]

function sentence({ kind, ...more }: Action): string {
  return `${kind} ${JSON.stringify(more)}`
}
