// Nesting depth and number of values of a JSON text, without parsing it: parsing a megabyte of `{},{},…` takes 36 ms,
// and serializing thousands of levels exhausts the stack. It does not check whether the text is JSON.

import { frameDepthMax } from '../base/limits.ts'

/** Shape of a JSON text. Lists, objects, texts, numbers, `true`, `false` and `null` are values; keys are not. */
export interface JsonShape {
  readonly depth: number
  readonly values: number
}

/** The limit that a text exceeds. */
export type JsonShapeProblem = 'tooDeep' | 'tooManyValues'

const quote = 34
const comma = 44
const colon = 58
const listOpen = 91
const backslash = 92
const listClose = 93
const objectOpen = 123
const objectClose = 125

/**
 * Reads each character once, and stops when a limit is exceeded. For a text that is not JSON the figures are
 * approximate, but either this finds too many values, or a parser finds the error before it has read `valuesMax`
 * values.
 */
export function jsonShape(text: string, depthMax: number, valuesMax: number): JsonShape | JsonShapeProblem {
  let level = 0
  let depth = 0
  let values = 0
  let isInString = false
  let isInWord = false
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (isInString) {
      if (code === backslash) at++
      else if (code === quote) isInString = false
      continue
    }
    const wasInWord = isInWord
    isInWord = false
    if (code === quote) {
      isInString = true
      values++
    } else if (code === listOpen || code === objectOpen) {
      values++
      level++
      if (level > depthMax) return 'tooDeep'
      if (level > depth) depth = level
    } else if (code === listClose || code === objectClose) level--
    // The preceding text was a key.
    else if (code === colon) values--
    else if (code !== comma && code > 32) {
      isInWord = true
      if (!wasInWord) values++
    }
    // A key counts until its colon comes.
    if (values > valuesMax + 1) return 'tooManyValues'
  }
  return values > valuesMax ? 'tooManyValues' : { depth, values }
}

/**
 * Whether the lists and objects of the JSON `text` nest deeper than `frameDepthMax`. It reads every character, so it is
 * called only where a schema allows any content.
 */
export function nestsTooDeep(text: string): boolean {
  return jsonShape(text, frameDepthMax, Number.POSITIVE_INFINITY) === 'tooDeep'
}
