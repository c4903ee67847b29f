// The subscribers of the feed in this process, besides the charge points.

import { withoutIdTokens } from '../blocks/authorization/erasure.ts'
import type { Counters } from '../base/counters.ts'
import type { Logger } from '../base/log.ts'
import { type Feed, type Follower, isGap, type Subscriber } from './feed.ts'

/** Counts committed anomalies and retransmissions. */
export function countCommitted(counters: Counters): Subscriber {
  return ({ set, isDuplicate }) => {
    if (isDuplicate) counters.duplicates++
    else for (const { kind } of set.anomalies) counters.anomalies.count(kind)
  }
}

/** Writes a line for each anomaly that was committed, until the follower is ended. */
export function logAnomalies(feed: Feed, log: Logger): Follower {
  const follower = feed.follow(({ set, isDuplicate }) => !isDuplicate && set.anomalies.length > 0)
  void writeLines(follower, log)
  return follower
}

async function writeLines(follower: Follower, log: Logger): Promise<void> {
  for await (const entry of follower) {
    if (isGap(entry)) {
      log.warn(
        { detail: { missed: entry.missed } },
        'Messages with anomalies were committed that are not logged: there were too many at once.',
      )
      continue
    }
    const { chargePoint, set, action } = entry
    for (const { kind, detail } of set.anomalies) {
      const { identity } = chargePoint
      const fields = { identity, messageId: set.messageId, action, anomaly: kind, detail: withoutIdTokens(detail) }
      log.info(fields, 'An anomaly was stored.')
    }
  }
}
