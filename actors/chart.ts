// Computes the next state of a statechart without starting it. This is pure, so the result can be decided and stored
// first, and applied after the COMMIT.

import { type ActorLogic, type ActorScope, createActor, type EventObject, type Snapshot, type StateValue } from 'xstate'

/** The part of a machine that `Chart` uses. `S` is its snapshot, `E` its event, `C` its context. */
interface Machine<S extends Snapshot<unknown>, E extends EventObject, C> extends ActorLogic<S, E> {
  resolveState(config: { readonly value: StateValue; readonly context: C }): S
}

/** A machine whose actions only assign. */
export class Chart<S extends Snapshot<unknown>, E extends EventObject, C> {
  readonly #machine: Machine<S, E, C>
  // Created once: `transition` of XState creates a scope for each event, which costs more than the event itself.
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

  /** The snapshot of the chart in the state `value`. */
  in(value: StateValue, context: C): S {
    return this.#machine.resolveState({ value, context })
  }

  /** The snapshot after `event`. */
  after(snapshot: S, event: E): S {
    return this.#machine.transition(snapshot, event, this.#scope)
  }
}

/**
 * Caches the answers of a chart. There are few questions (states times events), each comes thousands of times a second,
 * and one answer costs 10 to 20 µs.
 *
 * @param keyOf the key of a question. It must not contain text of a charge point, so that the cache stays small.
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
