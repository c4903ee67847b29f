// How a connection ends where a test does not care.

import type { ConnectionEnd } from '../../src/blocks/records.ts'
import { arrivalMs } from './store.ts'

export const goneEnd: ConnectionEnd = { closedBy: 'lost', closeCode: 1006, reason: '', atMs: arrivalMs }
