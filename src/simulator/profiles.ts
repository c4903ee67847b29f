// The charging profiles that a simulated charge point obeys, in one shape for 1.6 (§3.13) and 2.x (Part 2, block K),
// and the limit that they add up to.

import { phases, volts } from './meter.ts'

export interface Period {
  /** Seconds after the start of the schedule. */
  readonly startPeriod: number
  readonly limit: number
}

export interface Profile {
  readonly id: number
  /** EVSE (1.6: connector); 0 is the whole charge point. */
  readonly connectorId: number
  readonly stackLevel: number
  readonly purpose: string
  /** Start of the schedule; null is the start of the transaction. */
  readonly startMs: number | null
  readonly durationSeconds: number | null
  readonly recurrencySeconds: number | null
  readonly unit: 'W' | 'A'
  readonly periods: readonly Period[]
  /** The profile as it was sent, for reports. */
  readonly sent: object
}

/** Which profiles to remove; a missing field matches all. */
export interface ProfileFilter {
  readonly id?: number | undefined
  readonly connectorId?: number | undefined
  readonly purpose?: string | undefined
  readonly stackLevel?: number | undefined
}

// 2.x renamed the first purpose.
const stationWide = new Set([
  'ChargePointMaxProfile',
  'ChargingStationMaxProfile',
  'ChargingStationExternalConstraints',
])

/** Limit of `profile` at `nowMs` in W; null while it does not apply. */
function limitOf(profile: Profile, nowMs: number, transactionStartMs: number | null): number | null {
  const startMs = profile.startMs ?? transactionStartMs ?? nowMs
  let seconds = (nowMs - startMs) / 1000
  if (seconds < 0) return null
  if (profile.recurrencySeconds !== null) seconds %= profile.recurrencySeconds
  if (profile.durationSeconds !== null && seconds >= profile.durationSeconds) return null
  const period = profile.periods.findLast(({ startPeriod }) => startPeriod <= seconds)
  if (period === undefined) return null
  return profile.unit === 'W' ? period.limit : period.limit * volts * phases
}

/** The profiles installed on one charge point. */
export class Profiles {
  #profiles: Profile[] = []
  /** Connectors whose transaction has priority (2.1). */
  readonly #prioritised = new Set<number>()

  /**
   * Installs a profile. It replaces the one with its id, or with its stack level, purpose and connector (1.6 §5.16).
   */
  set(profile: Profile): void {
    this.#profiles = this.#profiles.filter(
      (other) =>
        other.id !== profile.id &&
        (other.connectorId !== profile.connectorId ||
          other.purpose !== profile.purpose ||
          other.stackLevel !== profile.stackLevel),
    )
    this.#profiles.push(profile)
  }

  matching(filter: ProfileFilter): readonly Profile[] {
    return this.#profiles.filter(
      (profile) =>
        (filter.id === undefined || filter.id === profile.id) &&
        (filter.connectorId === undefined || filter.connectorId === profile.connectorId) &&
        (filter.purpose === undefined || filter.purpose === profile.purpose) &&
        (filter.stackLevel === undefined || filter.stackLevel === profile.stackLevel),
    )
  }

  /** Removes profiles and returns how many. */
  clear(filter: ProfileFilter): number {
    const gone = new Set(this.matching(filter))
    this.#profiles = this.#profiles.filter((profile) => !gone.has(profile))
    return gone.size
  }

  /** Lets the PriorityCharging profiles of a connector count, or no longer; false if it has none (2.1). */
  prioritise(connectorId: number, isActive: boolean): boolean {
    const hasProfile = this.#profiles.some(
      ({ purpose, connectorId: where }) => purpose === 'PriorityCharging' && (where === 0 || where === connectorId),
    )
    if (isActive && hasProfile) this.#prioritised.add(connectorId)
    else this.#prioritised.delete(connectorId)
    return hasProfile
  }

  /** Removes the TxProfiles of a connector: they end with its transaction, as its priority does. */
  endTransaction(connectorId: number): void {
    this.#prioritised.delete(connectorId)
    this.clear({ connectorId, purpose: 'TxProfile' })
  }

  /** What connector `connectorId` may take at `nowMs`, in W: at most `hardwareW`. */
  limitW(connectorId: number, nowMs: number, transactionStartMs: number | null, hardwareW: number): number {
    const highest = (purpose: (name: string) => boolean): number | null => {
      let best: { stackLevel: number; limit: number } | null = null
      for (const profile of this.#profiles) {
        if (!purpose(profile.purpose) || (profile.connectorId !== 0 && profile.connectorId !== connectorId)) continue
        const limit = limitOf(profile, nowMs, transactionStartMs)
        if (limit !== null && (best === null || profile.stackLevel > best.stackLevel)) {
          best = { stackLevel: profile.stackLevel, limit }
        }
      }
      return best?.limit ?? null
    }
    const priority = this.#prioritised.has(connectorId) ? highest((name) => name === 'PriorityCharging') : null
    const own = priority ?? highest((name) => name === 'TxProfile') ?? highest((name) => name === 'TxDefaultProfile')
    const whole = highest((name) => stationWide.has(name))
    return Math.max(0, Math.min(hardwareW, own ?? hardwareW, whole ?? hardwareW))
  }

  /** The limits of the next `durationSeconds`, one period for every stretch of equal limit, in W. */
  composite(
    connectorId: number,
    nowMs: number,
    durationSeconds: number,
    startMs: number | null,
    hardwareW: number,
  ): Period[] {
    const turns = new Set([0])
    for (const profile of this.#profiles) {
      const origin = ((profile.startMs ?? startMs ?? nowMs) - nowMs) / 1000
      const repeat = profile.recurrencySeconds ?? Infinity
      for (let start = origin; start < durationSeconds; start += repeat) {
        for (const { startPeriod } of profile.periods) turns.add(Math.ceil(start + startPeriod))
        if (profile.durationSeconds !== null) turns.add(Math.ceil(start + profile.durationSeconds))
      }
    }
    const periods: Period[] = []
    for (const startPeriod of [...turns].sort((a, b) => a - b)) {
      if (startPeriod < 0 || startPeriod >= durationSeconds) continue
      const limit = this.limitW(connectorId, nowMs + startPeriod * 1000, startMs, hardwareW)
      if (periods.at(-1)?.limit !== limit) periods.push({ startPeriod, limit })
    }
    return periods
  }
}
