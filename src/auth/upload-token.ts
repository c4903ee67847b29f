// One-time tokens of uploads. A token stands in the URL that a charge point gets; only its hash is stored. It has 256
// random bits, so a plain SHA-256 is enough: there is nothing to guess.

import { createHash, randomBytes } from 'node:crypto'

const tokenBytes = 32

/** `/uploads/<token>`, and what the charge point has put after it. A proxy may have put a path before it. */
const tokenPath = /\/uploads\/([\w-]{43})(?:\/([^?#]*))?$/

/** A URL to upload to, and the hash by which its token is recognised. */
export interface UploadUrl {
  readonly url: string
  readonly tokenHash: string
}

/** What makes new URLs; null without a URL of the upload server: there is none. */
export function uploadUrls(publicUrl: string | null): (() => UploadUrl) | null {
  return publicUrl === null ? null : () => newUploadUrl(publicUrl)
}

/** A new URL. It ends with a slash: charge points append the name of the file, or do not. */
export function newUploadUrl(publicUrl: string): UploadUrl {
  const token = randomBytes(tokenBytes).toString('base64url')
  return { url: `${publicUrl}/uploads/${token}/`, tokenHash: hashOf(token) }
}

/** What the path of an upload says; null: it is not one. */
export function uploadAt(path: string): { readonly tokenHash: string; readonly fileName: string } | null {
  const [, token, fileName = ''] = tokenPath.exec(path) ?? []
  return token === undefined ? null : { tokenHash: hashOf(token), fileName }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}
