// Fences between nodes. The fencing token of a connection is its epoch, a number that rises with each connection of the
// charge point: an older epoch may change nothing. A fence is set when another node or an operator changes a charge
// point: it has connected to another node, its credentials were changed, it was deleted, or its settings were changed.
// Each node polls the fences every second, closes the connections whose epoch is too old, and applies changed settings
// to the others. The poll also says whether a credential rotation runs, so that nodes ask nothing else while none does.

import { fenceCheckMs } from '../base/limits.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import type { RegistrationStatus } from '../blocks/decision.ts'
import type { Strictness } from '../ocpp/verdict.ts'
import type { Database } from './database.ts'
import { isSomethingOpen } from './open-rotations.ts'
import { repeat } from './repeat.ts'

/** A charge point whose connections with a fencing token below `epoch` are over, and its settings. */
export interface Fence {
  readonly key: number
  readonly identity: string
  readonly epoch: number
  /** Whether a newer connection replaced them. */
  readonly connected: boolean
  readonly strictness: Strictness
  readonly quirkProfile: string | null
  readonly registrationStatus: RegistrationStatus
  readonly timeZone: string | null
}

export interface FenceWatchOptions {
  readonly database: Pick<Database, 'pool'>
  readonly clock: Clock
  readonly log: Pick<Logger, 'warn'>
  readonly onFence: (fence: Fence) => void
  /** Called at each poll while a credential rotation runs. */
  readonly onRotation: () => void
}

interface Look {
  readonly next: string
  readonly fences: readonly Fence[] | null
  readonly isRotating: boolean
}

/** Polls every `fenceCheckMs` from now on; the returned function ends it. */
export async function watchFences(options: FenceWatchOptions): Promise<() => Promise<void>> {
  const { database, clock, log, onFence, onRotation } = options
  const look = await startLooking(database, onRotation)
  let isFailing = false
  const looks = repeat(
    clock,
    fenceCheckMs,
    async () => {
      for (const fence of await look()) onFence(fence)
      if (isFailing) log.warn('The poll for changes of other nodes succeeds again.')
      isFailing = false
    },
    (error) => {
      if (!isFailing) log.warn({ error }, 'The poll for changes of other nodes failed; the next one tries again.')
      isFailing = true
    },
  )
  looks.begin(fenceCheckMs)
  return () => looks.end()
}

/**
 * A function that reads the fences since it was last called. A few are read twice.
 *
 * `fenced_in` is the transaction that set the fence. A transaction that a poll does not see yet is at or above the xmin
 * of the poll's snapshot, so the next poll begins there. No fence is missed, however long a COMMIT takes and whatever
 * the clocks say. Numbers at or above xmax come from another server: the tables were restored from its dump.
 */
export async function startLooking(
  { pool }: Pick<Database, 'pool'>,
  onRotation: () => void = () => {},
): Promise<() => Promise<readonly Fence[]>> {
  let since = '0'
  const look = async (): Promise<readonly Fence[]> => {
    const { rows } = await pool.query<Look>({ name: 'stator_fences', text: fencesSince, values: [since] })
    since = rows[0]?.next ?? since
    if (rows[0]?.isRotating === true) onRotation()
    return rows[0]?.fences ?? []
  }
  const start = await pool.query<{ readonly next: string }>(
    'SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS next',
  )
  since = start.rows[0]?.next ?? since
  return look
}

/**
 * Whether the epoch of a row of `charge_points` is that of a connection, open or over. An operator takes an epoch, too.
 */
export const isConnectionNewer = 'connected OR COALESCE(ended_epoch = connection_epoch, false)'

const fencesSince = `
  SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS next, ${isSomethingOpen} AS "isRotating",
    (SELECT json_agg(json_build_object('key', id, 'identity', identity, 'epoch', connection_epoch, 'connected', ${isConnectionNewer},
       'strictness', strictness, 'quirkProfile', quirk_profile, 'registrationStatus', registration_status, 'timeZone', time_zone))
     FROM charge_points
     WHERE fenced_in >= $1::text::xid8 AND fenced_in < pg_snapshot_xmax(pg_current_snapshot())) AS fences`
