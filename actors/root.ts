// The parent actor of all charge points of a node. Through it they share one actor system and one clock.

import {
  type ActorOptions,
  type AnyActorLogic,
  type AnyActorRef,
  createActor,
  type ErrorActorEvent,
  fromTransition,
} from 'xstate'
import type { Clock } from '../src/base/clock.ts'

/**
 * Starts the parent of all charge points.
 *
 * @param onFailure called when a child fails. That is a defect: the state of the child is lost.
 */
export function startRoot(clock: Clock, onFailure: (identity: string, error: unknown) => void): AnyActorRef {
  const logic = fromTransition((state: null, event: { type: string } | ErrorActorEvent) => {
    if ('error' in event) onFailure(event.actorId, event.error)
    return state
  }, null)
  return createActor(logic, { clock: machineClock(clock) }).start()
}

/** `clock` in the form of XState: the id of a timer is the function that cancels it. */
function machineClock(clock: Clock): NonNullable<ActorOptions<AnyActorLogic>['clock']> {
  return {
    setTimeout: (callback, delayMs) => clock.after(delayMs, callback),
    clearTimeout: (cancel: () => void) => cancel(),
  }
}
