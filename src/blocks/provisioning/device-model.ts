// The device model as charge points tell it: in reports of 2.x, and in their answers to CALLs about variables and
// configuration keys. A configuration key of 1.6 is a variable of the component `configurationComponent`.

import type { OCPP20, OCPP21 } from 'typed-ocpp'
import { hideSecrets, isPasswordKey, isSecretKey } from '../../base/hide-secrets.ts'
import { configurationKeysMax } from '../../base/limits.ts'
import { statusOf } from '../command.ts'
import type { Handler, Payload } from '../decision.ts'
import { jobNeeds, withJob } from '../jobs/reported.ts'
import type { Learned } from '../message-row.ts'
import { timeMs } from '../notification.ts'
import type { NewRow, RowChange } from '../stored-rows.ts'
import { entries, text, valueText } from './answer-values.ts'
import { isPasswordVariable } from './password-commands.ts'
import { reportNeeds, reportOf } from './report-messages.ts'
import { modelReports } from './report-jobs.ts'
import { nameOfResult, variableIn16, type VariableName } from './variable-name.ts'

/** The value of a password, and of what has the name of a secret, is not stored. */
export function isSecret(component: string, variable: string): boolean {
  return isPasswordVariable(component, variable) || isPasswordKey(variable) || isSecretKey(variable)
}

function variablesOf(
  report: OCPP20.NotifyReportRequest | OCPP21.NotifyReportRequest,
  receivedAtMs: number,
): RowChange<'variables'>[] {
  const generatedAtMs = timeMs(report.generatedAt, receivedAtMs)
  return (report.reportData ?? []).flatMap(({ component, variable, variableAttribute, variableCharacteristics }) =>
    variableAttribute.map((attribute) => {
      const row: NewRow<'variables'> = {
        componentName: component.name,
        componentInstance: component.instance ?? '',
        evseId: component.evse?.id ?? 0,
        connectorId: component.evse?.connectorId ?? 0,
        variableName: variable.name,
        variableInstance: variable.instance ?? '',
        attributeType: attribute.type ?? 'Actual',
        value: isSecret(component.name, variable.name) ? null : (attribute.value ?? null),
        mutability: attribute.mutability ?? null,
        persistent: attribute.persistent ?? false,
        constant: attribute.constant ?? false,
        characteristics: variableCharacteristics === undefined ? null : { ...variableCharacteristics },
        isReported: true,
        generatedAtMs,
      }
      return { table: 'variables', row }
    }),
  )
}

/**
 * 2.0.1 B07, B08: stores one part of a device model report in the table of variables, which parts of it have come, and
 * what that means for the job that asked for it.
 */
export const notifyReport: Handler<OCPP20.NotifyReportRequest | OCPP21.NotifyReportRequest> = {
  needs: (payload) => ({ ...jobNeeds(payload), ...reportNeeds('variables', payload) }),
  decide: (payload, known) => {
    const { changes, status } = reportOf('variables', payload, known)
    const stored = { answer: {}, changes: [...variablesOf(payload, known.receivedAtMs), ...changes], anomalies: [] }
    return withJob(stored, known, modelReports, { status, requestId: payload.requestId })
  },
}

/** 1.6 §5.8: the keys in the answer to GetConfiguration. */
export const configurationTold: Learned = (_request, answer) =>
  entries(answer.configurationKey)
    .slice(0, configurationKeysMax)
    .flatMap((entry) => {
      const key = text(entry.key)
      if (key === undefined || key === '') return []
      const row: NewRow<'variables'> = {
        ...variableIn16(key),
        attributeType: 'Actual',
        value: isSecret('', key) ? null : (valueText(entry.value) ?? null),
        mutability: entry.readonly === true ? 'ReadOnly' : 'ReadWrite',
        persistent: false,
        constant: false,
        characteristics: null,
        isReported: true,
      }
      return [{ table: 'variables', row } as const]
    })

/** 1.6 §5.3: the value that the answer to ChangeConfiguration accepts. */
export const configurationChanged: Learned = ({ key, value }, answer) =>
  typeof key === 'string' && typeof value === 'string'
    ? changed(variableIn16(key), 'Actual', value, statusOf(answer))
    : []

/** 2.0.1 B06: the values in the answer to GetVariables. */
export const variablesTold: Learned = (_request, answer) =>
  entries(answer.getVariableResult).flatMap((result) => {
    const name = nameOfResult(result)
    const value = valueText(result.attributeValue)
    if (name === null || value === undefined || result.attributeStatus !== 'Accepted') return []
    return [valueChange(name, text(result.attributeType) ?? 'Actual', value, 'value')]
  })

/** 2.0.1 B05: the values that the answer to SetVariables accepts. */
export const variablesChanged: Learned = ({ setVariableData }, answer) => {
  const sent = entries(setVariableData)
  return pairedResults(sent, entries(answer.setVariableResult)).flatMap(({ data, result, status }) => {
    // A charge point may spell a name in other letter case than the operator.
    const name = nameOfResult(result ?? {}) ?? nameOfResult(data)
    const value = text(data.attributeValue)
    if (name === null || value === undefined) return []
    return changed(name, text(data.attributeType) ?? 'Actual', value, status)
  })
}

/** What was sent about a variable, with the status in the answer; null: there is none. */
export interface PairedResult {
  readonly data: Payload
  readonly status: string | null
  readonly result: Payload | null
}

/** Pairs what was sent with the results: by the names in them, else by their places if they have no names. */
export function pairedResults(sent: readonly Payload[], results: readonly Payload[]): readonly PairedResult[] {
  const named = new Map(results.map((result) => [pairingName(result), result]))
  return sent.map((data, at) => {
    const atItsPlace = results[at]
    const isNameless = atItsPlace !== undefined && results.length === sent.length && nameOfResult(atItsPlace) === null
    const result = named.get(pairingName(data)) ?? (isNameless ? atItsPlace : null)
    return { data, result, status: text(result?.attributeStatus) ?? text(result?.status) ?? null }
  })
}

function pairingName(data: Payload): string | null {
  const name = nameOfResult(data)
  if (name === null) return null
  return JSON.stringify([name, text(data.attributeType) ?? 'Actual']).toLowerCase()
}

/** The change that a status means. */
function changed(name: VariableName, type: string, value: string, status: string | null): RowChange<'variables'>[] {
  if (status === 'Accepted') return [valueChange(name, type, value, 'acceptedValue')]
  return status === 'RebootRequired' ? [valueChange(name, type, value, 'pendingValue')] : []
}

/** What an answer tells about one value, and about nothing else of its variable. */
function valueChange(
  name: VariableName,
  attributeType: string,
  told: string,
  tells: 'value' | 'acceptedValue' | 'pendingValue',
): RowChange<'variables'> {
  // What a charge point tells has no secrets any more; what was sent has them.
  const value = isSecret(name.componentName, name.variableName) ? null : hideSecrets(told)
  const values = tells === 'pendingValue' ? { pendingValue: value } : { value }
  const rest = { persistent: false, constant: false, isReported: false }
  return { table: 'variables', row: { ...name, attributeType, ...values, ...rest }, tells }
}
