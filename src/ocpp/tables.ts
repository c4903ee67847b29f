// The message table of every version.

import type { MessageTable } from './message.ts'
import type { OcppVersion } from './version.ts'
import { v16 } from './v16.ts'
import { v201 } from './v201.ts'
import { v21 } from './v21.ts'

export const tables: Readonly<Record<OcppVersion, MessageTable>> = { '1.6': v16, '2.0.1': v201, '2.1': v21 }
