// A bug that is planted on purpose.

import type { Rule } from './rules.ts'
import type { Planting } from './simulation.ts'

export interface Canary {
  readonly bug: string
  readonly planting: Planting
  /** What it breaks. */
  readonly breaks: Rule
}
