// Which messages a station sent, and which were acknowledged: reconstructed from its ledger.

import type { Charging } from '../generator/charging.ts'
import type { Dialect, Message } from '../generator/dialect.ts'
import type { Ledger } from '../generator/mixes.ts'

export interface SentMessage {
  readonly message: Message
  readonly isAcknowledged: boolean
}

/** Numbers of the samples that the transaction sent, and whether each was acknowledged. */
export function samplesOf(charging: Charging): { readonly index: number; readonly isAcknowledged: boolean }[] {
  const refused = new Set(charging.samplesRefused)
  const settled = charging.samplesAcknowledged + refused.size
  return Array.from({ length: charging.samplesSent }, (_, index) => ({
    index,
    // One message is under way at a time, so only the last sample can be without an answer, or the end with all
    // samples.
    isAcknowledged: index < settled && !refused.has(index),
  }))
}

/** All messages of a station that carry facts. */
export function sentMessages(ledger: Ledger, dialect: Dialect): SentMessage[] {
  const sent: SentMessage[] = [...ledger.facts]
  for (const charging of ledger.chargings) {
    sent.push({ message: dialect.start(charging), isAcknowledged: charging.isStartAcknowledged })
    for (const { index, isAcknowledged } of charging.samplesWithEnd ? [] : samplesOf(charging))
      sent.push({ message: dialect.sample(charging, index), isAcknowledged })
    if (charging.isEndSent) sent.push({ message: dialect.end(charging), isAcknowledged: charging.isEndAcknowledged })
  }
  return sent
}

/** JSON text without the spaces and escapes in which two spellings of the same value may differ. */
export function canonical(json: string): string {
  return JSON.stringify(JSON.parse(json))
}
