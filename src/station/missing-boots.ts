// Asks charge points for the boot that they leave out after a reconnect. Only those whose quirk profile says so: else
// no CALL is sent unasked.

import type { CallAnswer } from '../../actors/call-queue.ts'
import type { Clock } from '../base/clock.ts'
import { bootWaitMs } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import { rowOf } from '../blocks/messages.ts'
import { type Trigger, triggerCommand } from '../blocks/remote-control/operations.ts'
import type { Quirks } from '../ocpp/quirk-profile.ts'
import type { CommandQuirkCode } from '../ocpp/quirks.ts'
import type { Connected, Connection } from './connection.ts'

export interface MissingBootsDeps {
  readonly quirks: Quirks
  readonly clock: Clock
  readonly log: Pick<Logger, 'info' | 'error'>
}

/** Waits for the boots of new connections. */
export class MissingBoots {
  readonly #deps: MissingBootsDeps
  /** One for each connection that is waited for. */
  readonly #cancels = new Map<Connection, () => void>()

  constructor(deps: MissingBootsDeps) {
    this.#deps = deps
  }

  /** A charge point has connected: it is asked if no boot comes within `bootWaitMs`. */
  expect(connected: Connected): void {
    const { quirks, clock, log } = this.#deps
    const { askForBoot, askForStatus } = quirks.profiles.of(connected.live.chargePoint).commands
    if (askForBoot !== true && askForStatus !== true) return
    const cancel = clock.after(bootWaitMs, () => {
      this.#cancels.delete(connected)
      this.#ask(connected).catch((error: unknown) =>
        log.error({ identity: connected.identity, error }, 'A charge point could not be asked for its boot.'),
      )
    })
    this.#cancels.set(connected, cancel)
  }

  /** The connection has ended. */
  forget(connected: Connection): void {
    this.#cancels.get(connected)?.()
    this.#cancels.delete(connected)
  }

  /** Asks for no more boots. */
  end(): void {
    for (const connected of this.#cancels.keys()) this.forget(connected)
  }

  async #ask(connected: Connected): Promise<void> {
    const { live, openedAtMs } = connected
    const { lastBootAtMs } = live.chargePoint
    if (connected.isClosed || (lastBootAtMs !== null && lastBootAtMs >= openedAtMs)) return
    // Its profile may have been changed since.
    const { commands } = this.#deps.quirks.profiles.of(live.chargePoint)
    if (commands.askForBoot === true) await this.#trigger(connected, 'BootNotification', 'bootAsked')
    if (commands.askForStatus === true) await this.#trigger(connected, 'StatusNotification', 'statusAsked')
  }

  async #trigger(connected: Connected, requestedMessage: Trigger, quirk: CommandQuirkCode): Promise<void> {
    const { quirks, log } = this.#deps
    const { identity, live, version, chargePointKey } = connected
    const command = triggerCommand(version, { requestedMessage })
    if ('reason' in command) return
    const row = rowOf(version, command.action)
    if (!live.mayBeSent(row?.isOfTransaction === true)) return
    quirks.note(chargePointKey, quirks.profiles.of(live.chargePoint).profile, quirk)
    connected.askFor(row?.requests(command.payload) ?? [])
    const answer = await connected.call(command.action, command.payload).catch((error: unknown): CallAnswer | null => {
      log.info({ identity, error }, 'A charge point was asked for its boot, and did not answer.')
      return null
    })
    if (answer !== null) log.info({ identity, quirk }, 'A charge point without a boot was asked for a message.')
  }
}
