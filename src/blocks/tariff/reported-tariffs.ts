// What the answer to GetTariffs tells (2.1 I09): it is stored, whoever sent the CALL.

import { reportedTariffsMax } from '../../base/limits.ts'
import type { Learned } from '../message-row.ts'
import { statusOf } from '../command.ts'
import { assignmentsOf } from './commands.ts'

/** The tariffs of the EVSE that was asked about, in place of what was answered before. */
export const tariffsLearned: Learned = ({ evseId }, answer) => {
  const status = statusOf(answer)
  if ((status !== 'Accepted' && status !== 'NoTariff') || typeof evseId !== 'number') return []
  const assignments = assignmentsOf(answer).slice(0, reportedTariffsMax)
  return [{ table: 'reportedTariffs', row: { evseId, assignments } }]
}
