// Makes the story of a failure as short as it can: fewer charge points, fewer events, fewer faults, as long as the same rule breaks.

import type { Rule } from './rules.ts'
import type { Plan, Planned } from './plan.ts'
import { type Planting, simulate } from './simulation.ts'

/** Maximum number of runs for one story. */
const attemptsMax = 600

/** The shortest plan found in which `rule` still breaks. `plan` itself must break it. */
export function shorten(plan: Plan, rule: Rule, planting: Planting = {}): Plan {
  let attempts = 0
  const breaks = (candidate: Plan): boolean =>
    attempts++ < attemptsMax && simulate(candidate, planting).violation?.rule === rule
  let best = plan
  for (;;) {
    const before = best
    best = withFewerActions(best, breaks)
    best = withFewerStations(best, breaks)
    best = tried(best, { ...best, nodes: 1 }, breaks)
    best = tried(best, { ...best, faultRate: 0 }, breaks)
    best = tried(best, { ...best, databaseMsMax: 1 }, breaks)
    best = withoutPauses(best, breaks)
    if (sizeOf(best) === sizeOf(before) || attempts >= attemptsMax) return best
  }
}

/** The events of the shortened plan, a line each. */
export function storyOf(plan: Plan, planting: Planting = {}): string {
  const { violation, trace } = simulate(plan, planting, true)
  const stations = plan.stations.flatMap((habits, i) =>
    habits === null ? [] : [`CP${i + 1}: ${JSON.stringify(habits)}`],
  )
  const rule = violation === null ? 'No rule broke.' : `Broken: ${violation.rule}. ${violation.seen}`
  return [`Seed ${plan.seed}, ${plan.actions.length} actions.`, ...stations, ...trace, rule].join('\n')
}

type Breaks = (plan: Plan) => boolean

function sizeOf({ actions, stations, nodes, faultRate, databaseMsMax }: Plan): string {
  const present = stations.filter((habits) => habits !== null).length
  const pauses = actions.filter(({ afterMs }) => afterMs > 0).length
  return [actions.length, present, pauses, nodes, faultRate, databaseMsMax].join('/')
}

function tried(best: Plan, candidate: Plan, breaks: Breaks): Plan {
  return breaks(candidate) ? candidate : best
}

// Halves first, then quarters, and so on down to single actions.
function withFewerActions(plan: Plan, breaks: Breaks): Plan {
  let best = plan
  for (let length = best.actions.length >> 1; length >= 1; length >>= 1) {
    for (let from = 0; from < best.actions.length;) {
      const actions = without(best.actions, from, from + length)
      const candidate = { ...best, actions }
      if (breaks(candidate)) best = candidate
      else from += length
    }
  }
  return best
}

/** The pause of a removed action stays. */
function without(actions: readonly Planned[], from: number, to: number): readonly Planned[] {
  const pauseMs = actions.slice(from, to).reduce((sum, { afterMs }) => sum + afterMs, 0)
  const next = actions[to]
  const rest = next === undefined ? [] : [{ ...next, afterMs: next.afterMs + pauseMs }, ...actions.slice(to + 1)]
  return [...actions.slice(0, from), ...rest]
}

function withFewerStations(plan: Plan, breaks: Breaks): Plan {
  let best = plan
  for (const index of plan.stations.keys()) {
    const stations = best.stations.map((habits, other) => (other === index ? null : habits))
    const actions = best.actions.filter(({ action }) => !('station' in action) || action.station !== index)
    best = tried(best, { ...best, stations, actions }, breaks)
  }
  return best
}

function withoutPauses(plan: Plan, breaks: Breaks): Plan {
  let best = plan
  for (const index of plan.actions.keys()) {
    const planned = best.actions[index]
    if (planned === undefined || planned.afterMs === 0) continue
    const actions = best.actions.map((other, at) => (at === index ? { ...other, afterMs: 0 } : other))
    best = tried(best, { ...best, actions }, breaks)
  }
  return best
}
