// The energy of a connector: a car that takes power until its battery is full, and the meter that counts it. Energy is
// the integral of power over time, and never runs backwards. Pure arithmetic: time is handed in.

/** Voltage between a phase and neutral, and how many phases a connector has. */
export const volts = 230
export const phases = 3

/** A car as its charger sees it. */
export interface Car {
  readonly batteryWh: number
  readonly powerWMax: number
  socPercent: number
}

/** What a meter shows at one moment. Power, current and state of charge are those of that moment. */
export interface Reading {
  readonly atMs: number
  readonly energyWh: number
  readonly powerW: number
  /** Per phase. */
  readonly currentA: number
  readonly voltageV: number
  /** null while no car is there. */
  readonly socPercent: number | null
}

// From this state of charge on, a battery takes less and less power, down to a tenth just before it is full.
const taperSocPercent = 80

/** Power that `car` takes when up to `limitW` is offered, in W. */
export function powerTaken(car: Car, limitW: number): number {
  if (car.socPercent >= 100) return 0
  const full = Math.max(0, Math.min(car.powerWMax, limitW))
  if (car.socPercent <= taperSocPercent) return full
  return full * (1 - (0.9 * (car.socPercent - taperSocPercent)) / (100 - taperSocPercent))
}

/** The meter of one connector, with the register that its energy adds up in. */
export class Meter {
  #energyWh: number
  #powerW = 0
  #atMs: number

  constructor(energyWh: number, atMs: number) {
    this.#energyWh = energyWh
    this.#atMs = atMs
  }

  /**
   * Lets time pass until `nowMs`, with `car` taking what it can of `limitW` (no energy without a car, or with a limit
   * of 0), and reads the meter. The car's battery is charged by that energy.
   */
  read(nowMs: number, car: Car | null, limitW: number): Reading {
    this.#powerW = car === null ? 0 : powerTaken(car, limitW)
    while (this.#atMs < nowMs) {
      // Steps of at most a minute, so that the decreasing power is followed, however long ago the last reading was.
      const stepMs = Math.min(60_000, nowMs - this.#atMs)
      this.#atMs += stepMs
      if (car === null) continue
      const roomWh = (car.batteryWh * (100 - car.socPercent)) / 100
      const takenWh = Math.min(roomWh, (powerTaken(car, limitW) * stepMs) / 3_600_000)
      this.#energyWh += takenWh
      car.socPercent = Math.min(100, car.socPercent + (100 * takenWh) / car.batteryWh)
      this.#powerW = powerTaken(car, limitW)
    }
    return {
      atMs: nowMs,
      energyWh: Math.floor(this.#energyWh),
      powerW: Math.round(this.#powerW),
      currentA: Math.round((this.#powerW * 10) / (volts * phases)) / 10,
      voltageV: volts,
      socPercent: car === null ? null : Math.floor(car.socPercent),
    }
  }
}
