// The versions that simulated charge points speak.

import type { ByVersion } from '../ocpp/version.ts'
import { Dialect16 } from './dialect-16.ts'
import { Dialect201 } from './dialect-201.ts'
import { Dialect21 } from './dialect-21.ts'
import type { Dialect, Station } from './station.ts'

/** Makes the dialect of a charge point. */
export const dialects: ByVersion<new (station: Station) => Dialect> = {
  '1.6': Dialect16,
  '2.0.1': Dialect201,
  '2.1': Dialect21,
}
