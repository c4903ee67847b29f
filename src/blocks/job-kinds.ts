// Every kind of jobs, by its name. The blocks describe them.

import {
  certificateDeletion,
  certificateInstallation,
  certificateRenewal,
  certificateReport,
} from './certificates/certificate-jobs.ts'
import { customerInformation } from './diagnostics/customer-information.ts'
import { dataCollectorLog, diagnosticsLog, securityLog } from './diagnostics/log-job.ts'
import { monitoringReport } from './diagnostics/monitoring-jobs.ts'
import { displayMessageReport } from './display/commands.ts'
import { firmwareUpdate } from './firmware/job.ts'
import { firmwarePublication } from './firmware/publication.ts'
import { localListSync } from './local-list/job.ts'
import type { JobKind } from './jobs/job.ts'
import { networkProfileSet } from './provisioning/network-profile.ts'
import { baseReport, report } from './provisioning/report-jobs.ts'
import { variablesSet } from './provisioning/variables-job.ts'
import { derReport } from './smart-charging/der-controls.ts'
import { profileReport } from './smart-charging/profile-commands.ts'

/** In the order of the documentation. */
export const jobKinds: readonly JobKind[] = [
  firmwareUpdate,
  firmwarePublication,
  diagnosticsLog,
  securityLog,
  dataCollectorLog,
  baseReport,
  report,
  variablesSet,
  monitoringReport,
  customerInformation,
  networkProfileSet,
  localListSync,
  profileReport,
  derReport,
  certificateInstallation,
  certificateDeletion,
  certificateReport,
  certificateRenewal,
  displayMessageReport,
]

/** The names of all kinds. */
export const jobKindNames: readonly string[] = jobKinds.map(({ kind }) => kind)

/** The names of those that are sent while a boot is pending, too. */
export const kindsBeforeAccepted: readonly string[] = jobKinds
  .filter(({ isBeforeAccepted }) => isBeforeAccepted === true)
  .map(({ kind }) => kind)

/** The kind of this name; undefined: a later version of Stator has it. */
export function jobKindNamed(name: string): JobKind | undefined {
  return jobKinds.find(({ kind }) => kind === name)
}
