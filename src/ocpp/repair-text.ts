// The lenient mode for text that is almost JSON. It mends what leaves no doubt about the meaning (a value left out, a comma
// too many, a bare NaN) and never completes a frame that was cut off: half a number reads like a whole one.

const bareWords: Readonly<Record<string, string>> = {
  NaN: 'null',
  nan: 'null',
  Infinity: 'null',
  undefined: 'null',
  None: 'null',
  True: 'true',
  False: 'false',
}

/** `text` as JSON when it can be mended; null when it needs nothing or cannot be. */
export function repairText(text: string): string | null {
  const mended = mend(text)
  if (mended === text) return null
  try {
    JSON.parse(mended)
    return mended
  } catch {
    return null
  }
}

function mend(text: string): string {
  // What stands outside of strings is mended token by token; a string is one token.
  const tokens = text.match(/"(?:[^"\\]|\\[\s\S])*"|[[\]{},:]|[^\s"[\]{},:\uFEFF\0]+/g) ?? []
  const mended: string[] = []
  let depth = 0
  for (const token of tokens) {
    const previous = mended.at(-1)
    const isEnd = token === ',' || token === '}' || token === ']'
    if (isEnd && previous === ':') mended.push('null')
    else if (isEnd && previous === ',') mended.pop()
    else if (token === ',' && (previous === '[' || previous === '{')) continue
    mended.push(mendToken(token))
    if (token === '[' || token === '{') depth++
    if (token === ']' || token === '}') depth--
    // Whatever follows the end of the frame is not part of it.
    if (isEnd && depth === 0) break
  }
  return mended.join('')
}

function mendToken(token: string): string {
  if (token.startsWith('"')) return token.replaceAll(/[\u0000-\u001F]/g, escapeControl)
  // Plus signs, leading zeros and a bare point are how some firmware prints numbers.
  const number = /^([+-]?)0*(\d+)?(\.\d*)?$/.exec(token)
  if (number !== null && /\d/.test(token)) {
    const [, sign, whole = '0', fraction = ''] = number
    return `${sign === '-' ? '-' : ''}${whole}${fraction === '.' ? '' : fraction}`
  }
  return Object.hasOwn(bareWords, token) ? (bareWords[token] ?? token) : token
}

function escapeControl(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
