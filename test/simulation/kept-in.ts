// Where the payloads of charge points are stored as they were sent.

import type { CountedTable } from './database-model.ts'

/** Where the payload of a message is stored; null if it is not stored as a whole. */
export function tableOf(action: string): CountedTable | null {
  switch (action) {
    case 'StartTransaction':
    case 'StopTransaction':
    case 'TransactionEvent':
      return 'facts'
    case 'BootNotification':
    case 'StatusNotification':
    case 'SecurityEventNotification':
      return 'events'
    default:
      return null
  }
}
