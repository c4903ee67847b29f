// A statechart that is asked and never started: what its machine makes of an event in a state. Asking is pure, so that
// what it says can be decided on, stored, and taken over afterwards.

import { type ActorLogic, type ActorScope, createActor, type EventObject, type Snapshot, type StateValue } from 'xstate'

/** A machine, as far as it is asked. `S` is its snapshot, `E` its event, `C` its context. */
interface Machine<S extends Snapshot<unknown>, E extends EventObject, C> extends ActorLogic<S, E> {
  resolveState(config: { readonly value: StateValue; readonly context: C }): S
}

/** Asks a machine whose actions only assign. */
export class Chart<S extends Snapshot<unknown>, E extends EventObject, C> {
  readonly #machine: Machine<S, E, C>
  // Made once: `transition` of XState makes one for each event, which costs more than the event itself.
  readonly #scope: ActorScope<S, E>

  constructor(machine: Machine<S, E, C>) {
    this.#machine = machine
    const self = createActor(machine)
    const nothing = (): void => undefined
    this.#scope = {
      self,
      system: self.system,
      id: '',
      sessionId: '',
      logger: nothing,
      defer: nothing,
      emit: nothing,
      stopChild: nothing,
      actionExecutor: nothing,
    }
  }

  /** The chart in the state `value`. */
  in(value: StateValue, context: C): S {
    return this.#machine.resolveState({ value, context })
  }

  /** What the chart is after `event`. */
  after(snapshot: S, event: E): S {
    return this.#machine.transition(snapshot, event, this.#scope)
  }
}

/**
 * Remembers what a chart said. Its questions are few (states times events), each is asked thousands of times a second,
 * and to ask costs 10 to 20 µs.
 *
 * @param keyOf has to be as finite as the chart: no text of a charge point may stand in it.
 */
export class Answers<Question, Answer> {
  readonly #ask: (question: Question) => Answer
  readonly #keyOf: (question: Question) => string
  readonly #known = new Map<string, Answer>()

  constructor(ask: (question: Question) => Answer, keyOf: (question: Question) => string) {
    this.#ask = ask
    this.#keyOf = keyOf
  }

  to(question: Question): Answer {
    const key = this.#keyOf(question)
    let answer = this.#known.get(key)
    if (answer === undefined) this.#known.set(key, (answer = this.#ask(question)))
    return answer
  }
}
