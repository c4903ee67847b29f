// What the audit log keeps of a request and of what it changed: JSON text without secrets, and with a digest in place
// of each id token. A driver's id token can then be erased elsewhere, and no entry has to be changed for it.

import { createHmac } from 'node:crypto'
import { hideFrameSecrets } from '../base/hide-frame-secrets.ts'
import { isObject, type JsonObject } from '../base/json.ts'
import { auditIdTagsMax, auditTextCharactersMax, frameDepthMax } from '../base/limits.ts'
import type { AuditedText } from './audit-entry.ts'

/** Names of members that hold an id token: `idTag`, `parentIdTag`, `idToken`, `groupIdToken`, `additionalIdToken`, … */
const idTokenName = /id_?-?(?:tag|token)|^(?:customerIdentifier|MasterPassGroupId)$/i
/** Members of a vendor's own data that say what it is. Its other members may hold an id token by any name. */
const ofVendorData: readonly string[] = ['vendorId', 'messageId']
/** Members that name a configuration key or variable, and those that hold its value. */
const keyNames: readonly string[] = ['key', 'name']
const valueName = /^(?:value|attributeValue|actualValue)$/i

const digestBytes = 8

/** Keyed digests of id tokens. Letter case of an id token does not count. */
export class IdTagDigests {
  readonly #keys: readonly Buffer[]

  /**
   * `secret` is the secret of the installation, `others` are earlier and later ones: entries that were made with them
   * are found as well.
   */
  constructor(secret: Uint8Array, others: readonly Uint8Array[] = []) {
    this.#keys = [secret, ...others].map((one) => createHmac('sha256', one).update('id tags of the audit log').digest())
  }

  /** The digest that stands for an id token in new entries: `idTag:` and 16 hexadecimal digits. */
  of(idToken: string): string {
    return this.allOf(idToken)[0] ?? ''
  }

  /** All digests that may stand for an id token. */
  allOf(idToken: string): readonly string[] {
    return this.#keys.map((key) => {
      const digest = createHmac('sha256', key).update(idToken.toLowerCase()).digest()
      return `idTag:${digest.toString('hex', 0, digestBytes)}`
    })
  }
}

/**
 * `value` as the audit log keeps it. A text of more than `auditTextCharactersMax` characters is replaced by its length;
 * its id tokens are still found. So it is with a vendor's own data: that of a DataTransfer, and `customData`.
 */
export function auditedText(value: unknown, digests: Pick<IdTagDigests, 'of'>): AuditedText {
  const found = new Set<string>()
  const json = JSON.stringify(new Walk(digests, found).shown(value, false, 0) ?? null)
  const idTags = [...found]
  if (json.length > auditTextCharactersMax) return { json: JSON.stringify(leftOut(json)), idTags }
  return { json: wellFormed(hideFrameSecrets(json)), idTags }
}

/** Replaces the id tokens of one value. */
class Walk {
  readonly #digests: Pick<IdTagDigests, 'of'>
  readonly #found: Set<string>

  constructor(digests: Pick<IdTagDigests, 'of'>, found: Set<string>) {
    this.#digests = digests
    this.#found = found
  }

  shown(value: unknown, isIdToken: boolean, depth: number): unknown {
    if (typeof value === 'string') return isIdToken ? this.#digest(value) : this.#text(value, depth)
    if (typeof value === 'number') return isIdToken ? this.#digest(String(value)) : value
    if (depth > 2 * frameDepthMax) return '…'
    if (Array.isArray(value)) return value.map((element: unknown) => this.shown(element, isIdToken, depth + 1))
    if (!isObject(value)) return value
    const namesIdToken = namesOne(value)
    const isOfVendor = typeof value['vendorId'] === 'string'
    const members = Object.entries(value).map(([name, member]) => {
      const holdsOne = idTokenName.test(name) || (namesIdToken && valueName.test(name))
      const shown = this.shown(member, holdsOne, depth + 1)
      return [name, isOfVendor && !holdsOne && !ofVendorData.includes(name) ? leftOut(member) : shown] as const
    })
    return Object.fromEntries(members)
  }

  #digest(idToken: string): string {
    if (idToken === '') return ''
    const digest = this.#digests.of(idToken)
    if (this.#found.size < auditIdTagsMax) this.#found.add(digest)
    return digest
  }

  /** A text may be JSON: `data` of a DataTransfer. */
  #text(text: string, depth: number): string {
    if (!/^\s*[[{]/.test(text) || !idTokenName.test(text)) return text
    try {
      const value: unknown = JSON.parse(text)
      return JSON.stringify(this.shown(value, false, depth + 1))
    } catch {
      return '…'
    }
  }
}

/** Whether an object names a configuration key or variable that holds an id token, in a member or in its `variable`. */
function namesOne(object: JsonObject): boolean {
  return Object.entries(object).some(([name, member]) => {
    if (typeof member === 'string') return keyNames.includes(name.toLowerCase()) && idTokenName.test(member)
    return name === 'variable' && isObject(member) && namesOne(member)
  })
}

function leftOut(value: unknown) {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return { leftOutCharacters: text.length }
}

function wellFormed(json: string): string {
  try {
    JSON.parse(json)
    return json
  } catch {
    return JSON.stringify(leftOut(json))
  }
}
