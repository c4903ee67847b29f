// Whether meter values may be stored packed: nodes of the version before cannot read them. They are not packed while
// such a node uses the database, nor soon after an upgrade, which may be taken back. A new database has them packed
// from the beginning.

import type { Pool } from 'pg'
import type { Clock } from '../base/clock.ts'
import { earlierNodesCheckMs, packMeterValuesAfterMs } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import { hasRunOut } from './node-leases.ts'
import { repeat } from './repeat.ts'

const readIsOn = `
  SELECT NOT EXISTS (SELECT FROM nodes WHERE NOT reads_packed AND NOT (${hasRunOut}))
    AND NOT EXISTS (SELECT FROM installation
      WHERE packed_added_at > clock_timestamp() - interval '${packMeterValuesAfterMs} ms') AS "isOn"`

/** Whether this process stores meter values packed. */
export class MeterPacking {
  readonly #pool: Pick<Pool, 'query'>
  #isOn = false

  constructor({ upkeepPool }: { readonly upkeepPool: Pick<Pool, 'query'> }) {
    this.#pool = upkeepPool
  }

  /** False until it was looked up. */
  get isOn(): boolean {
    return this.#isOn
  }

  /** Looks whether every node that uses the database reads packed meter values. */
  async look(): Promise<void> {
    const { rows } = await this.#pool.query<{ readonly isOn: boolean }>(readIsOn)
    this.#isOn = rows[0]?.isOn === true
  }

  /** Looks now, and every `earlierNodesCheckMs`; the returned function ends it. */
  watch(clock: Clock, log: Pick<Logger, 'warn'>): () => Promise<void> {
    const looks = repeat(
      clock,
      earlierNodesCheckMs,
      () => this.look(),
      (error) => log.warn({ error }, 'Nodes of the version before could not be looked for; the next turn tries again.'),
    )
    looks.begin(0)
    return () => looks.end()
  }
}
