// The cases of OCPP 1.6, operation by operation. There is no public list of cases for 1.6, so the ids are ours: the
// section of the specification (edition 2 with errata) or of the security whitepaper, the operation, and what is
// special about it.

import type { CaseFiles } from '../play.ts'
import { commandCases } from './commands.ts'
import { coreCases } from './core.ts'
import { profileCases } from './profiles.ts'
import { securityCases } from './security.ts'

/** By the file that has them. */
export const tested16: CaseFiles = {
  'core.ts': coreCases,
  'commands.ts': commandCases,
  'profiles.ts': profileCases,
  'security.ts': securityCases,
}

/** What the specification asks of a Central System, and Stator does not do; each with the reason. */
export const notYet16: Readonly<Record<string, string>> = {
  '1.6 §5.17 TriggerMessage, of a BootNotification after an accepted boot (errata 3.40)':
    'The errata forbid it. Operators may send it: a charge point that connects again without a boot needs it.',
  '1.6 §5.15 SendLocalList, with version 0 or -1 (errata 3.52)':
    'The errata forbid these versions. `POST …/calls` sends what the operator gives.',
}
