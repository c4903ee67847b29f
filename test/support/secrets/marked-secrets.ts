// Secrets that can be found again: all that a test makes have a part in common, by which they are found wherever they
// are, also encoded, and also cut.

/** Twelve letters that nothing else contains. */
const mark = 'QxZvKpWjTgYb'

/** A place where a secret can be read, and the text around it. */
export interface Found {
  readonly place: string
  /** What the secret is for; what it may be, if it is cut. */
  readonly secret: string
  readonly around: string
}

interface Needle {
  readonly bytes: Buffer
  readonly secret: string
}

/** Makes secrets, and finds them. */
export class MarkedSecrets {
  readonly #uses: string[] = []
  readonly #needles: Needle[] = needlesOf(Buffer.from(mark), 'one of the marked ones')

  /** A new secret, of at least `characters`: letters and digits. */
  make(use: string, characters = 0): string {
    this.#uses.push(use)
    return `${mark}${String(this.#uses.length).padStart(3, '0')}x`.padEnd(characters, 'a0b1c2d3e4')
  }

  /** A secret that somebody else has made: 12 bytes or more. */
  add(use: string, secret: string | Uint8Array): void {
    this.#needles.push(...needlesOf(Buffer.from(secret), use))
  }

  /** Where secrets can be read in `content`: the first place of each way to write each of them. */
  foundIn(place: string, content: string | Uint8Array): Found[] {
    const bytes = Buffer.from(content)
    return this.#needles.flatMap((needle): Found[] => {
      const at = bytes.indexOf(needle.bytes)
      if (at < 0) return []
      const around = bytes.toString('latin1', Math.max(0, at - 120), at + needle.bytes.length + 60)
      return [{ place, secret: this.#useIn(around) ?? needle.secret, around }]
    })
  }

  #useIn(around: string): string | null {
    const number = new RegExp(`${mark}(\\d{3})`).exec(around)?.[1]
    return this.#uses[Number(number) - 1] ?? null
  }
}

/** The ways in which bytes are written into files, logs and databases. */
function needlesOf(secret: Buffer, use: string): Needle[] {
  const hex = secret.toString('hex')
  const texts = [hex, hex.toUpperCase(), ...base64Parts(secret)]
  const needles = new Set([secret.toString('latin1'), ...texts, ...texts.map(urlSafe)])
  return [...needles].map((needle) => ({ bytes: Buffer.from(needle, 'latin1'), secret: use }))
}

function urlSafe(base64: string): string {
  return base64.replaceAll('+', '-').replaceAll('/', '_')
}

/** What the base64 of a text contains if the secret begins at any byte of it: without what depends on its neighbours. */
function base64Parts(secret: Buffer): string[] {
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), secret])
      .toString('base64')
      .replace(/=+$/, '')
    const from = Math.ceil((before * 8) / 6)
    const to = Math.floor(((before + secret.length) * 8) / 6)
    return encoded.slice(from, to)
  })
}
