// Reads a setting again after a charge point has accepted its change: some accept what they never apply. Only where the
// quirk profile of the charge point says so.

import { statusOf } from '../command.ts'
import type { Differing, ReadsBack } from '../message-row.ts'
import { entries, record, text, valueText } from './answer-values.ts'
import { isSecret, pairedResults } from './device-model.ts'

/** ChangeConfiguration of 1.6 (§5.3). */
export const configurationReadBack: ReadsBack = ({ key, value }, answer) => {
  if (typeof key !== 'string' || typeof value !== 'string') return null
  if (statusOf(answer) !== 'Accepted' || isSecret('', key)) return null
  return {
    command: { action: 'GetConfiguration', payload: { key: [key] }, fields: {} },
    differing: (told) =>
      entries(told.configurationKey)
        .filter((entry) => text(entry.key)?.toLowerCase() === key.toLowerCase())
        .flatMap((entry) => differing(key, value, valueText(entry.value))),
  }
}

/** SetVariables of 2.x (2.0.1 B05). */
export const variablesReadBack: ReadsBack = ({ setVariableData }, answer) => {
  const set = pairedResults(entries(setVariableData), entries(answer.setVariableResult))
    .filter(({ data, status }) => status === 'Accepted' && !isSecret(nameIn(data.component), nameIn(data.variable)))
    .map(({ data }) => data)
  if (set.length === 0) return null
  return {
    command: {
      action: 'GetVariables',
      payload: { getVariableData: set.map(({ attributeValue: _, ...named }) => named) },
      fields: {},
    },
    differing: (told) =>
      pairedResults(set, entries(told.getVariableResult)).flatMap(({ data, status, result }) => {
        if (status !== 'Accepted') return []
        const key = `${nameIn(data.component)}.${nameIn(data.variable)}`
        return differing(key, text(data.attributeValue) ?? '', valueText(result?.attributeValue))
      }),
  }
}

function nameIn(named: unknown): string {
  return text(record(named).name) ?? ''
}

/** A charge point may spell a value in other letter case, or with other spaces. */
function differing(key: string, wanted: string, found: string | undefined): readonly Differing[] {
  return found === undefined || plain(found) === plain(wanted) ? [] : [{ key, wanted, found }]
}

function plain(value: string): string {
  return value.toLowerCase().replaceAll(/\s/g, '')
}
