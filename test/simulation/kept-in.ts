// Where what charge points send is kept as it was sent.

import type { CountedTable } from './database-model.ts'

/** Where the payload of a message is to be found; null when it is not kept as a whole. */
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
