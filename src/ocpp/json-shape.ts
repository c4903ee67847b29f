// How deep a JSON text nests and how many values it holds, without parsing it: parsing takes 36 ms for a megabyte of `{},{},…`, and
// whatever writes thousands of levels again exhausts its stack. It does not say whether the text is JSON.

import { frameDepthMax } from '../base/limits.ts'

/** What a JSON text is made of. A key is no value; lists, objects, texts, numbers, `true`, `false` and `null` are. */
export interface JsonShape {
  readonly depth: number
  readonly values: number
}

/** The limit that a text is past. */
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
 * Reads each character once, up to the first that is past a limit. Of a text that is not JSON the figures are rough; but no parser gets
 * past `valuesMax` values before it finds the error, or this has found too many.
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
    // The text before it was a key.
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
 * Whether the lists and objects of `text`, which is JSON, nest deeper than `frameDepthMax`. It reads every character,
 * so it is asked only where a schema leaves room for anything.
 */
export function nestsTooDeep(text: string): boolean {
  return jsonShape(text, frameDepthMax, Number.POSITIVE_INFINITY) === 'tooDeep'
}
