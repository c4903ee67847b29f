// What a fault test has measured, kept for `bun run faults --full`: one JSON file for each fault, in the folder that STATOR_FAULTS_FOLDER
// names. Nothing is kept when it names none.

import { mkdirSync, writeFileSync } from 'node:fs'
import { loadavg } from 'node:os'
import { join } from 'node:path'
import type { Findings } from '../../bench/audit/comparison.ts'

/** Environment variable with the folder; when it is set, the faults are of full size. */
export const faultsFolderVariable = 'STATOR_FAULTS_FOLDER'

const folder = process.env[faultsFolderVariable] ?? ''

/** Whether the faults are to be of full size, as under `bun run faults --full`, however long they take. */
export const isFullSize = folder !== ''

/** A result as it is kept. */
export interface KeptResult extends FaultResult {
  readonly measuredAt: string
  /** Processes that wanted a core then, on an average of a minute. */
  readonly load: number
}

export interface FaultResult {
  /** Name of the file, and place in the table. */
  readonly id: string
  /** What was done, in a few words. */
  readonly fault: string
  /** Name of the test file in `test/fault/`. */
  readonly file: string
  /** How often it was done. */
  readonly injected: number
  /** The audit; null where nothing was audited against the database as a whole. */
  readonly audit: Pick<Findings, 'facts' | 'missing' | 'duplicated' | 'altered' | 'unexpected'> | null
  /** How long each recovery took, in milliseconds. */
  readonly recoveryMs: readonly number[]
  /** What `recoveryMs` is counted from and to. */
  readonly recovery: string
  /** Further figures, with their units. */
  readonly figures: Readonly<Record<string, string>>
}

/** Keeps a result. */
export function keepResult(result: FaultResult): void {
  if (!isFullSize) return
  mkdirSync(folder, { recursive: true })
  const kept: KeptResult = { ...result, measuredAt: new Date().toISOString(), load: loadavg()[0] ?? 0 }
  writeFileSync(join(folder, `${result.id}.json`), `${JSON.stringify(kept, null, 2)}\n`)
}
