// Operators read and set variables, with one request for all versions: GetVariables and SetVariables of 2.x (2.0.1 B05,
// B06), GetConfiguration and ChangeConfiguration of 1.6 (§5.8, §5.3).

import { type OcppVersion, since2 } from '../../ocpp/version.ts'
import { statusOf } from '../command.ts'
import type { Payload } from '../decision.ts'
import { entries, text, valueText } from './answer-values.ts'
import { pairedResults } from './device-model.ts'
import { type MessageLimits, slicesOf, type SplitCall } from './message-limits.ts'
import { componentVariable, configurationKeyOf, variableIn2x, type VariableName } from './variable-name.ts'

/** A variable to read. */
export interface WantedVariable {
  readonly name: VariableName
  /** Left out: Actual. */
  readonly attributeType?: string
  /** Its place in the request. */
  readonly index: number
}

/** A variable to set. */
export interface VariableSetting extends WantedVariable {
  readonly value: string
}

/** What a charge point says about one variable. */
export interface VariableResult {
  readonly index: number
  /** Null: its answer says nothing about this variable. */
  readonly status: string | null
  readonly value?: string
}

/** A CALL about some variables. */
export type VariablesCall = SplitCall<VariableResult>

/** A variable that the version does not have. */
export interface NotInVersion {
  readonly index: number
  readonly issue: string
}

interface VariablesForm {
  readonly get: (
    wanted: readonly WantedVariable[],
    limits: MessageLimits,
    isForAll: boolean,
  ) => readonly VariablesCall[]
  readonly set: (settings: readonly VariableSetting[], limits: MessageLimits) => readonly VariablesCall[]
  readonly problem: (wanted: WantedVariable) => string | null
  readonly getMessage: string
  readonly setMessage: string
}

const form16: VariablesForm = {
  getMessage: 'GetConfiguration',
  setMessage: 'ChangeConfiguration',
  problem: ({ name, attributeType = 'Actual' }) => {
    if (attributeType !== 'Actual') return 'has only the attribute Actual'
    return configurationKeyOf(name) === null ? 'must be a variable of the component Configuration: a key' : null
  },
  get: (wanted, limits, isForAll) =>
    slicesOf(
      wanted.map((one) => ({ one, key: keyOf(one) })),
      limits,
      (some) => ({ action: 'GetConfiguration', payload: { key: some.map(({ key }) => key) } }),
    ).map((some) => ({
      command: {
        action: 'GetConfiguration',
        payload: { key: some.map(({ key }) => key) },
        fields: fieldsOf(
          some.map(({ one }) => one),
          'key',
        ),
      },
      indices: some.map(({ one }) => one.index),
      read: (answer) => {
        const resultOf = configurationResults(answer, isForAll)
        return some.map(({ one, key }) => resultOf(one.index, key))
      },
    })),
  set: (settings) =>
    settings.map((one) => ({
      command: {
        action: 'ChangeConfiguration',
        payload: { key: keyOf(one), value: one.value },
        fields: { '': `variables[${one.index}]`, '/value': `variables[${one.index}].value` },
      },
      indices: [one.index],
      read: (answer) => [{ index: one.index, status: changeStatus(answer) }],
    })),
}

const form2x: VariablesForm = {
  getMessage: 'GetVariables',
  setMessage: 'SetVariables',
  problem: ({ name }) => (variableIn2x(name) === null ? 'is a key of 1.6 that 2.x does not have' : null),
  get: (wanted, limits) =>
    callsOf(
      'GetVariables',
      'getVariableData',
      'getVariableResult',
      wanted.map((one) => [one, dataOf(one)]),
      limits,
    ),
  set: (settings, limits) =>
    callsOf(
      'SetVariables',
      'setVariableData',
      'setVariableResult',
      settings.map((one) => {
        const { attributeType, ...rest } = dataOf(one)
        const type = attributeType === undefined ? {} : { attributeType }
        return [one, { ...type, attributeValue: one.value, ...rest }]
      }),
      limits,
    ),
}

const forms = since2(form16, form2x)

/** The actions of a version, which its limits are about. */
export function variablesActions(version: OcppVersion): Pick<VariablesForm, 'getMessage' | 'setMessage'> {
  return forms[version]
}

/** The first of the variables that the version does not have. */
export function notInVersion(version: OcppVersion, wanted: readonly WantedVariable[]): NotInVersion | null {
  for (const one of wanted) {
    const issue = forms[version].problem(one)
    if (issue !== null) return { index: one.index, issue: `${issue}, because the charge point speaks OCPP ${version}` }
  }
  return null
}

/**
 * The CALLs that read these variables, in their order. They are all in the version (`notInVersion`).
 *
 * @param isForAll whether the quirk profile makes of them one question for all keys: the charge point does not have a
 *   key that is missing in its answer.
 */
export function readingCalls(
  version: OcppVersion,
  wanted: readonly WantedVariable[],
  limits: MessageLimits,
  isForAll = false,
): readonly VariablesCall[] {
  return forms[version].get(wanted, limits, isForAll)
}

/** The CALLs that set these variables, in their order; in 1.6 one for each. */
export function settingCalls(
  version: OcppVersion,
  settings: readonly VariableSetting[],
  limits: MessageLimits,
): readonly VariablesCall[] {
  return forms[version].set(settings, limits)
}

function keyOf({ name }: WantedVariable): string {
  return configurationKeyOf(name) ?? name.variableName
}

function dataOf({ name, attributeType }: WantedVariable): Payload {
  const type = attributeType === undefined ? {} : { attributeType }
  return { ...type, ...componentVariable(variableIn2x(name) ?? name) }
}

function callsOf(
  action: string,
  list: string,
  resultList: string,
  data: readonly (readonly [one: WantedVariable, data: Payload])[],
  limits: MessageLimits,
): readonly VariablesCall[] {
  const commandOf = (some: readonly Payload[]) => ({ action, payload: { [list]: some } })
  const calls: VariablesCall[] = []
  let from = 0
  for (const slice of slicesOf(
    data.map(([, sent]) => sent),
    limits,
    commandOf,
  )) {
    const variables = data.slice(from, from + slice.length).map(([one]) => one)
    from += slice.length
    calls.push({
      command: { ...commandOf(slice), fields: fieldsOf(variables, list) },
      indices: variables.map(({ index }) => index),
      read: (answer) =>
        pairedResults(slice, entries(answer[resultList])).map(({ status, result }, at) => {
          const value = valueText(result?.attributeValue)
          const index = variables[at]?.index ?? 0
          return { index, status, ...(value === undefined ? {} : { value }) }
        }),
    })
  }
  return calls
}

/** Errors name the place in the operator's request. */
function fieldsOf(variables: readonly WantedVariable[], list: string): Readonly<Record<string, string>> {
  return Object.fromEntries(variables.map(({ index }, at) => [`/${list}/${at}`, `variables[${index}]`]))
}

// 1.6 has no status for each key: it is among the values, among the unknown keys, or in neither list.
function configurationResults(answer: Payload, isForAll: boolean): (index: number, key: string) => VariableResult {
  // Of several entries with one key the first counts.
  const told = new Map(
    entries(answer.configurationKey)
      .toReversed()
      .map((entry) => [text(entry.key)?.toLowerCase(), entry]),
  )
  const unknownKeys: readonly unknown[] = Array.isArray(answer.unknownKey) ? answer.unknownKey : []
  const unknown = new Set(unknownKeys.map((one) => text(one)?.toLowerCase()))
  return (index, key) => {
    const lower = key.toLowerCase()
    const entry = told.get(lower)
    if (entry === undefined) return { index, status: isForAll || unknown.has(lower) ? 'UnknownVariable' : null }
    const value = valueText(entry.value)
    return { index, status: 'Accepted', ...(value === undefined ? {} : { value }) }
  }
}

/** ConfigurationStatus of 1.6 with the names of 2.x: a key that is not supported is an unknown variable. */
function changeStatus(answer: Payload): string | null {
  const status = statusOf(answer)
  return status === 'NotSupported' ? 'UnknownVariable' : status
}
