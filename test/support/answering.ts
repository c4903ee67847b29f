// A charge point that answers every CALL at once.

import type { RawChargePoint } from './raw-charge-point.ts'

/** A CALL of the central system. */
export interface ReceivedCall {
  readonly messageId: string
  readonly action: string
}

/** Answers every CALL to `raw` with the frames that `frames` makes for it. */
export function answerAll(raw: RawChargePoint, frames: (call: ReceivedCall) => readonly string[]): void {
  raw.socket.addEventListener('message', (event) => {
    const [type, messageId, action]: readonly unknown[] = JSON.parse(String(event.data))
    if (type !== 2) return
    for (const frame of frames({ messageId: String(messageId), action: String(action) })) raw.send(frame)
  })
}
