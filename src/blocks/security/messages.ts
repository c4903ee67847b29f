// Functional block A, security: what charge points report about it.

import { rowsOf } from '../rows.ts'

const { stored } = rowsOf('security')

export const security16 = {
  SecurityEventNotification: stored('1.6 security whitepaper §5.15'),
}

export const security201 = {
  SecurityEventNotification: stored('2.0.1 A04'),
}

export const security21 = {
  SecurityEventNotification: stored('2.1 A04'),
}
