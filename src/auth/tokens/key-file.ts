// Reads public keys from a file: a key set (JWKS), or PEM.

import { createPublicKey } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { tokenKeysBytesMax } from '../../base/limits.ts'

/**
 * The key set of a file, as it is; PEM becomes one.
 *
 * @throws {Error} a sentence about what is wrong.
 */
export async function readKeyFile(path: string): Promise<unknown> {
  const { size } = await stat(path)
  if (size > tokenKeysBytesMax) throw new Error(`it has more than ${tokenKeysBytesMax} bytes`)
  const text = await readFile(path, 'utf8')
  if (text.includes('-----BEGIN ')) return { keys: fromPem(text) }
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('it is neither JSON nor PEM')
  }
}

const publicLabels = ['PUBLIC KEY', 'RSA PUBLIC KEY', 'CERTIFICATE']

function fromPem(text: string): unknown[] {
  const blocks = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----[^-]+-----END \1-----/g)]
  return blocks.map(([block, label = '']) => {
    if (!publicLabels.includes(label)) throw new Error(`it holds a ${label}, which only the issuer should have`)
    return createPublicKey(block).export({ format: 'jwk' })
  })
}
