// Message ids of a station: as long as a UUID, unique, and kept as bytes: a CALL is written around them, and its answer
// is recognised by them. Strings would cost as much as the rest of the generator's own work.

const callHead = '[2,"'
const answerHead = 0x33
const nine = 0x39
const zero = 0x30
const numberDigits = 12

/** Counts through ids: 24 random characters, then a number of twelve digits. */
export class MessageIds {
  /** `[2,"` and the id of the CALL that was made last. */
  readonly call: Buffer

  constructor() {
    this.call = Buffer.from(callHead + crypto.randomUUID().slice(0, 24) + '0'.repeat(numberDigits), 'latin1')
  }

  /** Makes the next id and updates `call`. */
  next(): void {
    const { call } = this
    let at = call.length - 1
    while (call[at] === nine) call[at--] = zero
    call[at] = (call[at] ?? zero) + 1
  }

  /**
   * Whether these bytes begin with `[3,"` and the id: the CALLRESULT to the last CALL, as servers write it without
   * spaces.
   */
  isAnswer(bytes: Buffer, from: number, to: number): boolean {
    const { call } = this
    const { length } = call
    if (to - from <= length || bytes[from + 1] !== answerHead || bytes[from] !== call[0]) return false
    // Compared from the end, where ids differ.
    for (let at = length - 1; at > 1; at--) if (bytes[from + at] !== call[at]) return false
    return true
  }

  /** The id itself, as bytes of `call`. */
  get bytes(): Uint8Array {
    return this.call.subarray(callHead.length)
  }

  /** The id itself. */
  get id(): string {
    return this.call.toString('latin1', callHead.length)
  }
}
