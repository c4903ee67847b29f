// Reads a certificate signing request (PKCS #10) of a charge point. What it asks for besides a name and a key, such as
// extensions, is not read: the authority decides that.

import { createHash } from 'node:crypto'
import type { ReadSigningRequest } from '../blocks/decision.ts'
import { rsaKeyBitsMax, rsaKeyBitsMin } from '../base/limits.ts'
import { x509 } from './x509.ts'

/** The curves of A00.FR.503 that WebCrypto supports: none has less than 224 bits. */
const curves: ReadonlySet<string> = new Set(['P-256', 'P-384', 'P-521'])
const signatures: ReadonlySet<string> = new Set(['ECDSA', 'RSASSA-PKCS1-v1_5', 'RSA-PSS'])
const hashes: ReadonlySet<string> = new Set(['SHA-256', 'SHA-384', 'SHA-512'])

const pemOfOneRequest =
  /^\s*-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]+)-----END (?:NEW )?CERTIFICATE REQUEST-----\s*$/

/** A request that is well formed, with its key in the form that certificates have. */
export interface SigningRequest {
  readonly publicKey: x509.PublicKey
}

/** Parses a request that `readSigningRequest` has accepted. */
export function parseSigningRequest(csr: string): SigningRequest {
  return new x509.Pkcs10CertificateRequest(derOf(csr) ?? '')
}

/** What the request says, or why no certificate can be made of it. It never throws. */
export async function readSigningRequest(csr: string): Promise<ReadSigningRequest> {
  const der = derOf(csr)
  if (der === null) return { problem: 'it is no PEM of one certificate request' }
  try {
    const request = new x509.Pkcs10CertificateRequest(der)
    const problem = keyProblem(request.publicKey.algorithm) ?? signatureProblem(request.signatureAlgorithm)
    if (problem !== null) return { problem }
    if (!(await request.verify())) return { problem: 'its signature is not of its key' }
    return {
      digest: createHash('sha256').update(der).digest('base64url'),
      commonNames: request.subjectName.getField('CN'),
      organizations: request.subjectName.getField('O'),
    }
  } catch (error) {
    return { problem: `it cannot be read (${error instanceof Error ? error.message.slice(0, 200) : 'unknown'})` }
  }
}

/** Some charge points escape the line ends twice: then there is a backslash and an n in the text. */
function derOf(csr: string): Uint8Array<ArrayBuffer> | null {
  const [, base64] = pemOfOneRequest.exec(csr.replaceAll('\\r', '').replaceAll('\\n', '\n')) ?? []
  return base64 === undefined ? null : new Uint8Array(Buffer.from(base64, 'base64'))
}

function keyProblem(algorithm: object): string | null {
  if ('namedCurve' in algorithm) {
    const curve = String(algorithm.namedCurve)
    return curves.has(curve) ? null : `its key is on the curve ${curve}; expected P-256, P-384 or P-521`
  }
  if (!('modulusLength' in algorithm)) return `its key is of the kind ${nameOf(algorithm)}; expected ECDSA or RSA`
  const bits = Number(algorithm.modulusLength)
  if (bits >= rsaKeyBitsMin && bits <= rsaKeyBitsMax) return null
  return `its RSA key has ${bits} bits; expected ${rsaKeyBitsMin} to ${rsaKeyBitsMax}`
}

function signatureProblem(algorithm: object): string | null {
  const name = nameOf(algorithm)
  if (!signatures.has(name)) return `it is signed with ${name}; expected ECDSA or RSA`
  const hash = 'hash' in algorithm ? nameOf(algorithm.hash) : 'no hash'
  return hashes.has(hash) ? null : `it is signed with ${hash}; expected SHA-256, SHA-384 or SHA-512`
}

/** The library describes algorithms as WebCrypto does. */
function nameOf(algorithm: unknown): string {
  return typeof algorithm === 'object' && algorithm !== null && 'name' in algorithm ? String(algorithm.name) : 'unknown'
}
