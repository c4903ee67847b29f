// Quirk profiles and the counts of quirks, as the REST API lists and changes them.

import type { QuirkProfile } from '../../ocpp/quirk-profile.ts'
import type { Page, PageOf } from '../records.ts'
import type { Scope } from '../scope.ts'

/** What counts are summed up by. */
export const quirkGroupings = ['quirk', 'profile', 'model', 'chargePoint'] as const

export interface QuirkCountFilter {
  readonly scope: Scope
  readonly groupBy: (typeof quirkGroupings)[number]
  readonly quirk?: string
  /** '' for none. */
  readonly profile?: string
  readonly identity?: string
}

/** How often a quirk was seen. Fields are null where it is summed up over them. */
export interface QuirkCount {
  readonly quirk: string
  readonly profile: string | null
  readonly vendor: string | null
  readonly model: string | null
  readonly identity: string | null
  readonly count: number
  readonly firstAtMs: number
  readonly lastAtMs: number
}

export interface QuirkQueries {
  /** Those that operators have imported, by name. Their number is bounded. */
  importedQuirkProfiles(): Promise<readonly QuirkProfile[]>
  /** Creates or replaces it. Null: there are `quirkProfilesMax` others. */
  storeQuirkProfile(profile: QuirkProfile, atMs: number): Promise<'created' | 'replaced' | null>
  deleteQuirkProfile(name: string): Promise<boolean>
  /** The most frequent first. */
  listQuirkCounts(filter: QuirkCountFilter, page: Page): Promise<PageOf<QuirkCount>>
}
