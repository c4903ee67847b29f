// The device model and its reports, as the store returns them.

import type { Scope } from '../scope.ts'
import type { KnownReport } from './report-parts.ts'

/** Variables with these texts in any letter case: in the name or instance of component and variable, in the value. */
export interface VariableFilter {
  readonly chargePointKey: number
  readonly component?: string
  readonly variable?: string
  readonly value?: string
}

/** Variables of many charge points. Names and values are compared as a whole; names in any letter case. */
export interface ModelFilter {
  readonly scope: Scope
  readonly identity?: string
  readonly component?: string
  readonly componentInstance?: string
  readonly evseId?: number
  readonly connectorId?: number
  readonly variable?: string
  readonly variableInstance?: string
  readonly attributeType?: string
  readonly mutability?: string
  readonly value?: string
}

/** One attribute of one variable, as its charge point last told it. */
export interface VariableRecord {
  readonly componentName: string
  readonly componentInstance: string
  readonly evseId: number
  readonly connectorId: number
  readonly variableName: string
  readonly variableInstance: string
  readonly attributeType: string
  readonly value: string | null
  readonly pendingValue: string | null
  readonly mutability: string | null
  readonly persistent: boolean
  readonly constant: boolean
  readonly characteristics: Readonly<Record<string, unknown>> | null
  readonly isReported: boolean
  readonly generatedAtMs: number | null
  readonly updatedAtMs: number
}

/** A variable with the charge point that has it. */
export interface ModelRecord extends VariableRecord {
  readonly identity: string
}

/** A report as far as it has come. */
export interface ReportRecord extends KnownReport {
  readonly updatedAtMs: number
}
