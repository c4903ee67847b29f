// The synchronisation of a local list as a job: what the answer to each of its messages means.

import { statusOf } from '../command.ts'
import type { JobKind } from '../jobs/job.ts'

// UpdateStatus of 1.6 (§7.47), SendLocalListStatusEnumType of 2.x.
const refusals: Readonly<Record<string, string>> = {
  Failed: 'The charge point could not store the list',
  NotSupported: 'The charge point has no local list',
  VersionMismatch: 'The charge point has another version than the one that was sent last; synchronise again',
}

/** Synchronisations of local lists. The answer to the last message is the end: nothing is reported later. */
export const localListSync: JobKind = {
  kind: 'localListSync',
  isRead: false,
  answered(_, answer) {
    const status = statusOf(answer)
    if (status === null) return null
    if (status === 'Accepted') return { type: 'done', status, message: 'The charge point has the list' }
    const known = Object.hasOwn(refusals, status) ? refusals[status] : undefined
    return { type: 'refused', status, message: known ?? `The charge point answered the list with ${status}` }
  },
  reports: {},
}
