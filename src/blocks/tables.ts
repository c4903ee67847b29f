// The tables into which decisions write rows, by the names that changes use. A table is the only definition of its
// rows: their types, the SQL that writes them and the encoders are derived from it (`store/table-statement.ts`).

import { settlements, vatNumberChecks, webPayments } from './authorization/tables.ts'
import { connectors } from './availability/tables.ts'
import { certificateRequests, installedCertificates } from './certificates/tables.ts'
import { chargePointEvents } from './charge-point-tables.ts'
import { reportedDisplayMessages } from './display/tables.ts'
import { reservationEnds } from './reservation/tables.ts'
import { jobEvents } from './jobs/tables.ts'
import { alarms, eventStreamEvents, eventStreams, monitors, problems } from './diagnostics/tables.ts'
import { deviceReports, variables, wholeReports } from './provisioning/tables.ts'
import {
  afrrSignals,
  allowedEnergyTransfers,
  chargingLimits,
  derClearings,
  derControlEvents,
  derControls,
  evChargingNeeds,
  evChargingSchedules,
  priorityCharging,
  reportedChargingProfiles,
} from './smart-charging/tables.ts'
import { batterySwaps, transactionCorrections, transactions } from './transactions/tables.ts'
import { reportedTariffs, transactionCosts } from './tariff/tables.ts'

/**
 * Rows are stored in the order of these tables. A row replaces the one with the same key, unless
 * `store/gathered-rows.ts` has an entry for its table.
 */
export const storedTables = {
  connectors,
  transactions,
  transactionCorrections,
  chargePointEvents,
  variables,
  deviceReports,
  problems,
  monitors,
  alarms,
  certificateRequests,
  installedCertificates,
  jobEvents,
  reservationEnds,
  reportedChargingProfiles,
  chargingLimits,
  evChargingNeeds,
  evChargingSchedules,
  priorityCharging,
  allowedEnergyTransfers,
  afrrSignals,
  derControls,
  derControlEvents,
  derClearings,
  batterySwaps,
  eventStreams,
  eventStreamEvents,
  settlements,
  webPayments,
  vatNumberChecks,
  reportedDisplayMessages,
  transactionCosts,
  reportedTariffs,
  // After everything that is reported.
  wholeReports,
}
