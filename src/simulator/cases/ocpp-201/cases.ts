// The tests of the listed cases, and the listed cases that Stator does not meet yet.

import type { CaseFiles } from '../play.ts'
import { securityCases } from './a-security.ts'
import { provisioningCases } from './b-provisioning.ts'
import { authorizationCases } from './c-authorization.ts'
import { transactionCases } from './e-transactions.ts'
import { remoteControlCases } from './f-remote-control.ts'
import { availabilityCases } from './g-availability.ts'
import { meterValueCases } from './j-meter-values.ts'
import { firmwareCases } from './l-firmware.ts'
import { certificateCases } from './m-certificates.ts'
import { diagnosticsCases } from './n-diagnostics.ts'
import { dataTransferCases } from './p-data-transfer.ts'

/** By the file that has them. */
export const tested201: CaseFiles = {
  'a-security.ts': securityCases,
  'b-provisioning.ts': provisioningCases,
  'c-authorization.ts': authorizationCases,
  'e-transactions.ts': transactionCases,
  'f-remote-control.ts': remoteControlCases,
  'g-availability.ts': availabilityCases,
  'j-meter-values.ts': meterValueCases,
  'l-firmware.ts': firmwareCases,
  'm-certificates.ts': certificateCases,
  'n-diagnostics.ts': diagnosticsCases,
  'p-data-transfer.ts': dataTransferCases,
}

/** Cases that Stator does not meet yet, each with the reason. */
export const notYet201: Readonly<Record<string, string>> = {}
