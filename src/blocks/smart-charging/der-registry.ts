// DER controls (2.1 R04): what is stored of them, and the state that follows. Pure.

/** What may become of a control. */
export type DerEvent = 'started' | 'stopped' | 'superseded' | 'cleared'

/** A control that the charge point has accepted, or reports. */
export interface DerControl {
  readonly controlId: string
  readonly controlType: string
  readonly isDefault: boolean
  readonly isReported: boolean
  readonly receivedAtMs: number
}

/** The last event of a kind. */
export interface DerControlEvent {
  readonly event: DerEvent
  readonly otherId: string | null
  readonly occurredAtMs: number | null
  readonly receivedAtMs: number
}

/** When all controls of a type were cleared last; an empty type: of every one. */
export interface DerClearing {
  readonly isDefault: boolean
  readonly controlType: string
  readonly receivedAtMs: number
}

/** The states of a control, and what each means, for readers of the API. */
export const derStateMeanings = {
  accepted: 'the charge point has it, and has not said that it follows it',
  started: 'the charge point follows it',
  stopped: 'the charge point does not follow it any more',
  superseded: 'another one has taken its place',
  cleared: 'it was cleared, or the charge point does not report it any more',
} as const

export type DerState = keyof typeof derStateMeanings

/** The state of a control. What was said before it was set, or reported, last is about an earlier one of its id. */
export function derState(
  control: DerControl,
  events: readonly DerControlEvent[],
  clearings: readonly DerClearing[],
): DerState {
  const { controlType, isDefault, isReported, receivedAtMs: sinceMs } = control
  const ends = events.filter(({ event }) => event === 'cleared' || event === 'superseded')
  const [end] = ends.filter((one) => one.receivedAtMs >= sinceMs).toSorted(newestFirst)
  const isCleared = clearings.some(
    (one) =>
      one.receivedAtMs >= sinceMs &&
      one.isDefault === isDefault &&
      (one.controlType === '' || one.controlType === controlType),
  )
  if (end !== undefined) return end.event === 'superseded' ? 'superseded' : 'cleared'
  if (isCleared) return 'cleared'
  // A report says that a control is there, not whether it is followed: that was said before.
  const moves = events.filter(({ event }) => event === 'started' || event === 'stopped')
  const [moved] = moves.filter((one) => isReported || one.receivedAtMs >= sinceMs).toSorted(newestFirst)
  return moved === undefined ? 'accepted' : moved.event
}

function newestFirst(a: DerControlEvent, b: DerControlEvent): number {
  return b.receivedAtMs - a.receivedAtMs
}
