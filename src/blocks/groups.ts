// Groups of charge points, as the store returns and accepts them.

import type { Scope } from './scope.ts'

export interface GroupRecord {
  readonly key: number
  readonly name: string
  /** Key of the group that it is part of; null: none, or it is outside of the scope. */
  readonly parentKey: number | null
  /** The names of the groups above it in the scope, and its own, with a slash between them. */
  readonly path: string
  /** How many charge points are in it. */
  readonly chargePoints: number
  /** How many are in it or in a group below it. */
  readonly chargePointsBelow: number
}

export interface GroupFilter {
  readonly scope: Scope
  /** Those right below this group; null: those that are not below another one of the scope. */
  readonly parentKey?: number | null
}

/** A group to create, or the fields to change; undefined leaves a field unchanged. */
export interface GroupInput {
  readonly name?: string
  readonly parentKey?: number | null
}
