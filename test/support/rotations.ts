// Credential rotations of a running Stator, as a test begins and reads them.

import { expect } from 'bun:test'
import type { Client } from 'pg'
import { type Habit, PasswordStation } from './password-fleet.ts'
import { passwordDefault, type TestStator } from './stator.ts'
import { until } from './until.ts'

type Json = Record<string, unknown>

/** Charge points a minute, so that nothing waits for its turn. */
export const fast = 6_000

export interface ReportedItem {
  readonly chargePointId: string
  readonly state: string
  readonly status: string | null
  readonly errorCode: string | null
  readonly error: string | null
}

/** The rotations of one Stator. */
export class Rotations {
  readonly #stator: TestStator
  readonly #database: Client | null

  /** @param database for many charge points; without it they are created over REST. */
  constructor(stator: TestStator, database: Client | null = null) {
    this.#stator = stator
    this.#database = database
  }

  /** Creates these charge points with the password that all have at first. */
  async provision(stations: readonly PasswordStation[]): Promise<void> {
    if (this.#database === null) {
      for (const { identity } of stations) await this.#stator.provision(identity)
      return
    }
    const seed = `SEED-${crypto.randomUUID().slice(0, 8)}`
    await this.#stator.provision(seed)
    await this.#database.query(
      `INSERT INTO charge_points (identity, password_hash)
       SELECT v.identity, s.password_hash FROM unnest($1::text[]) AS v(identity), charge_points s WHERE s.identity = $2`,
      [stations.map(({ identity }) => identity), seed],
    )
  }

  async connect(stations: readonly PasswordStation[]): Promise<void> {
    for (let from = 0; from < stations.length; from += 25) {
      await Promise.all(stations.slice(from, from + 25).map((station) => station.connect(this.#stator.ocppUrl)))
    }
  }

  /** Fresh charge points, connected unless they are offline. */
  async stations(prefix: string, ...habits: readonly Habit[]): Promise<PasswordStation[]> {
    const made = habits.map((habit, i) => new PasswordStation(`${prefix}-${i}`, i % 2 === 0 ? '1.6' : '2.0.1', habit))
    await this.provision(made)
    await this.connect(made.filter(({ habit }) => habit !== 'offline'))
    return made
  }

  /** Begins a rotation; returns its id. */
  async begin(body: Json): Promise<number> {
    const { id } = await this.#stator.json('/api/credential-rotations', { body: { perMinute: fast, ...body } }, 202)
    return Number(id)
  }

  of(stations: readonly PasswordStation[], more: Json = {}): Promise<number> {
    return this.begin({ chargePointIds: stations.map(({ identity }) => identity), ...more })
  }

  read(id: number): Promise<Json> {
    return this.#stator.json(`/api/credential-rotations/${id}`)
  }

  /** The rotation, once `holds`. */
  once(what: string, id: number, holds: (rotation: Json, counts: Json) => boolean): Promise<Json> {
    return until(
      what,
      async () => {
        const rotation = await this.read(id)
        return holds(rotation, rotation['counts'] as Json) ? rotation : null
      },
      30_000,
    )
  }

  ended(id: number): Promise<Json> {
    return this.once(`rotation ${id} to end`, id, ({ state }) => state !== 'running')
  }

  async items(id: number, query = ''): Promise<Map<string, ReportedItem>> {
    const { items } = await this.#stator.json(`/api/credential-rotations/${id}/items?pageSize=500${query}`)
    return new Map((items as ReportedItem[]).map((item) => [item.chargePointId, item]))
  }

  /** That each can connect with the password that it has, and those that took a new one not with the old. */
  async expectWayIn(stations: readonly PasswordStation[]): Promise<void> {
    const { ocppUrl } = this.#stator
    for (const station of stations) {
      expect([station.identity, await station.knock(ocppUrl)]).toEqual([station.identity, 101])
      if (station.password === passwordDefault) continue
      expect([station.identity, await station.knock(ocppUrl, passwordDefault)]).toEqual([station.identity, 401])
    }
  }
}
