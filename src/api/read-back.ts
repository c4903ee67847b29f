// Reads accepted settings again, where the quirk profile of the charge point says so. It is done after the request is
// answered: nobody waits for it.

import { StatorError } from '../base/errors.ts'
import { readBackCharactersMax } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import type { Command } from '../blocks/command.ts'
import type { Payload } from '../blocks/decision.ts'
import type { ReadBack } from '../blocks/message-row.ts'
import { anomalySet, type ChargePointRef } from '../feed/feed.ts'
import type { ApiDeps } from './deps.ts'

/** What is needed to read settings again. */
export interface ReadBackDeps {
  readonly deps: Pick<ApiDeps, 'commit' | 'clock'> & {
    readonly live: Pick<ApiDeps['live'], 'noteQuirk'>
    readonly log: Pick<Logger, 'error'>
  }
  /** Sends a command, and resolves with the payload of its answer. */
  readonly send: (command: Command) => Promise<Payload>
}

/** Reads the settings; each that is another than the accepted one is stored as an anomaly. Never rejects. */
export async function readBack(
  { deps, send }: ReadBackDeps,
  chargePoint: ChargePointRef,
  { command, differing }: ReadBack,
): Promise<void> {
  const { live, commit, clock, log } = deps
  const { key, identity } = chargePoint
  try {
    live.noteQuirk(chargePoint, 'readBack')
    for (const { key: setting, wanted, found } of differing(await send(command))) {
      const detail = { setting, wanted: shown(wanted), found: shown(found) }
      const set = anomalySet(key, 0, clock.nowMs(), { kind: 'notApplied', detail })
      await commit(set, { chargePoint: { key, identity }, action: null })
    }
  } catch (error) {
    // It did not answer, or the database is away: then nothing is known about the setting.
    if (!(error instanceof StatorError)) log.error({ identity, error }, 'An accepted setting could not be read again.')
  }
}

function shown(value: string): string {
  return value.slice(0, readBackCharactersMax)
}
