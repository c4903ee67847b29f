// How many entries a charge point takes in one message, and how many bytes, as its own variables say: ItemsPerMessage
// and BytesPerMessage of 2.x, with the name of the message as instance (2.0.1 Part 2 appendix 3.1), and
// GetConfigurationMaxKeys of 1.6 (§9.1.9).

import { variablesPerCallMax } from '../../base/limits.ts'
import type { OcppVersion } from '../../ocpp/version.ts'
import { since2 } from '../../ocpp/version.ts'
import type { Command } from '../command.ts'
import type { Payload } from '../decision.ts'
import type { VariableRecord } from './records.ts'
import { configurationComponent } from './variable-name.ts'

/** A CALL about some entries of a request, by their places in it, and what its answer says about each of them. */
export interface SplitCall<Result> {
  readonly command: Command
  readonly indices: readonly number[]
  readonly read: (answer: Payload) => readonly Result[]
}

/** What one message may have. */
export interface MessageLimits {
  readonly itemsMax: number
  readonly bytesMax: number
}

/** The component with the limits of messages about variables, in each version. */
export const limitsComponent = since2(configurationComponent, 'DeviceDataCtrlr')

/** The component with the limits of messages about monitors. */
export const monitoringComponent = 'MonitoringCtrlr'

/**
 * The limits of a message, from the variables of a charge point that may tell them.
 *
 * @param itemsUnknown the number of entries if it is not told: not more than every charge point should allow.
 * @param message as in `GetVariables`. Some charge points leave out the `s` at its end, as the certification does.
 */
export function limitsOf(
  version: OcppVersion,
  message: string,
  stored: readonly VariableRecord[],
  itemsUnknown: number = variablesPerCallMax,
): MessageLimits {
  return limitsOfVersion[version](message, stored, itemsUnknown)
}

type LimitsOf = (message: string, stored: readonly VariableRecord[], itemsUnknown: number) => MessageLimits

const limitsOfVersion = since2<LimitsOf>(
  (_, stored) => ({
    itemsMax: numberIn(stored, ({ variableName }) => isWord(variableName, 'GetConfigurationMaxKeys')) ?? unlimited,
    bytesMax: unlimited,
  }),
  (message, stored, itemsUnknown) => {
    const isOf = (name: string) => (variable: VariableRecord) =>
      isWord(variable.variableName, name) &&
      [message, message.replace(/s$/, '')].some((instance) => isWord(variable.variableInstance, instance))
    return {
      itemsMax: numberIn(stored, isOf('ItemsPerMessage')) ?? itemsUnknown,
      bytesMax: numberIn(stored, isOf('BytesPerMessage')) ?? unlimited,
    }
  },
)

const unlimited = Number.POSITIVE_INFINITY

/** One message may have everything. */
export const unlimitedMessages: MessageLimits = { itemsMax: unlimited, bytesMax: unlimited }

/** A limit that is told as the actual value, or as the most that it can be. */
function numberIn(stored: readonly VariableRecord[], isIt: (variable: VariableRecord) => boolean): number | null {
  for (const type of ['Actual', 'MaxSet']) {
    const value = Number(stored.find((variable) => variable.attributeType === type && isIt(variable))?.value ?? '')
    if (Number.isInteger(value) && value > 0) return value
  }
  return null
}

function isWord(text: string, word: string): boolean {
  return text.toLowerCase() === word.toLowerCase()
}

/** Characters of a message id. */
const messageIdCharacters = 36

/**
 * The entries in slices, each for a message of its own. An entry that is too long for any message is a slice alone: the
 * charge point may take it.
 *
 * @param messageOf the CALL with these entries.
 */
export function slicesOf<Entry>(
  entries: readonly Entry[],
  { itemsMax, bytesMax }: MessageLimits,
  messageOf: (entries: readonly Entry[]) => { readonly action: string; readonly payload: Payload },
): readonly (readonly Entry[])[] {
  const { action, payload } = messageOf([])
  const frameBytes = bytesIn([2, '-'.repeat(messageIdCharacters), action, payload])
  const slices: Entry[][] = []
  let bytes = 0
  for (const entry of entries) {
    const entryBytes = bytesIn(entry) + 1
    const slice = slices.at(-1)
    if (slice === undefined || slice.length >= itemsMax || bytes + entryBytes > bytesMax) {
      slices.push([entry])
      bytes = frameBytes + entryBytes
    } else {
      slice.push(entry)
      bytes += entryBytes
    }
  }
  return slices
}

function bytesIn(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}
