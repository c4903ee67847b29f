// What the parts of a standard run share.

import type { PostgresServer } from '../../test/support/postgres-server.ts'
import { Fleet, type FleetOptions, identityOf } from '../generator/fleet.ts'
import { targetOf } from '../generator/wire.ts'
import { benchPasswordDefault } from '../cli.ts'
import type { Progress } from '../report/progress.ts'
import type { Subject } from '../servers/start.ts'
import type { StandardResults } from './results.ts'
import type { Size } from './sizes.ts'

export interface Context {
  readonly size: Size
  readonly results: StandardResults
  readonly postgres: PostgresServer
  readonly progress: Progress
  /** Calls `close` at the end of the run, however it ends; the last one given is called first. */
  atEnd(close: () => Promise<void> | void): void
}

const connectMsMax = 120_000
const answerMsMax = 30_000

export function identitiesOf(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => identityOf(prefix, index))
}

/** A connected fleet of that server. */
export async function connectedFleet(
  { server, database }: Subject,
  options: Pick<FleetOptions, 'stations' | 'identityPrefix'> & Partial<Pick<FleetOptions, 'version'>>,
): Promise<Fleet> {
  const fleet = new Fleet({
    target: targetOf(server.url),
    version: '1.6',
    // The floor has neither passwords nor boots.
    password: database === null ? null : benchPasswordDefault,
    boots: database !== null,
    answerMsMax,
    ...options,
  })
  if ((await fleet.connect({ deadlineMs: connectMsMax })) !== null) return fleet
  fleet.close()
  const reasons = [...fleet.errors].map(([reason, count]) => `${count} × ${reason}`).join('; ')
  throw new Error(`Only ${fleet.ready} of ${options.stations} stations could connect to ${server.url}: ${reasons}`)
}
