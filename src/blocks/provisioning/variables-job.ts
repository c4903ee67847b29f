// Variables that are set when a charge point has booted, as a job: accepted at once, or not. It may be done while a
// boot is pending (2.0.1 B02): that is what pending boots are for.

import { jobDetailItemsMax, jobTextCharactersMax } from '../../base/limits.ts'
import { statusOf } from '../command.ts'
import type { Payload } from '../decision.ts'
import type { JobAnswer, JobKind } from '../jobs/job.ts'
import { since2 } from '../../ocpp/version.ts'
import { entries, text } from './answer-values.ts'
import { keyOfVariable, nameOfResult } from './variable-name.ts'

const taken: ReadonlySet<string | null> = new Set(['Accepted', 'RebootRequired'])

/** @param sentCount how many values were sent: a charge point may leave out the results of some. */
function answerOf(statuses: readonly (string | null)[], sentCount: number, detail?: Payload): JobAnswer | null {
  const refusal = statuses.find((status) => !taken.has(status))
  if (refusal === null || statuses.length === 0) return null
  const more = detail === undefined ? {} : { detail }
  const takenCount = statuses.filter((status) => taken.has(status)).length
  if (takenCount > 0 && takenCount < sentCount) {
    const message = `The charge point has set ${takenCount} of ${sentCount} values`
    return { type: 'partly', status: 'PartlyAccepted', message, ...more }
  }
  if (refusal !== undefined) {
    const message = `The charge point answered a value with ${refusal}`
    return { type: 'refused', status: refusal, message, ...more }
  }
  const status = statuses.includes('RebootRequired') ? 'RebootRequired' : 'Accepted'
  const message = status === 'Accepted' ? 'The values are set' : 'The values are set; some take effect after a reboot'
  return { type: 'done', status, message, ...more }
}

const answered = since2<(answer: Payload, sent: Payload) => JobAnswer | null>(
  (answer) => answerOf([statusOf(answer)], 1),
  ({ setVariableResult }, { setVariableData }) => {
    const results = entries(setVariableResult)
    const statuses = results.map(({ attributeStatus }) => text(attributeStatus) ?? null)
    const named = results.slice(0, jobDetailItemsMax).map((result, at) => {
      const name = nameOfResult(result)
      const key = name === null ? null : keyOfVariable(name).slice(0, jobTextCharactersMax)
      return { key, status: statuses[at]?.slice(0, jobTextCharactersMax) ?? null }
    })
    return answerOf(statuses, entries(setVariableData).length, { results: named })
  },
)

/** Values of variables. */
export const variablesSet: JobKind = {
  kind: 'setVariables',
  isRead: false,
  isBeforeAccepted: true,
  answered: (version, answer, sent) => answered[version](answer, sent),
  reports: {},
}
