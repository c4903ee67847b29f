// The parameters of Stator's statements, read back: one-dimensional PostgreSQL arrays in binary form (array_recv).

const headerBytes = 20
const postgresEpochMs = Date.UTC(2000, 0, 1)

type Decode = (buffer: Buffer, at: number, bytes: number) => unknown

const decoders: Readonly<Record<number, Decode>> = {
  16: (buffer, at) => buffer[at] === 1,
  20: (buffer, at) => Number(buffer.readBigInt64BE(at)),
  21: (buffer, at) => buffer.readInt16BE(at),
  23: (buffer, at) => buffer.readInt32BE(at),
  25: (buffer, at, bytes) => buffer.toString('utf8', at, at + bytes),
  114: (buffer, at, bytes) => buffer.toString('utf8', at, at + bytes),
  701: (buffer, at) => buffer.readDoubleBE(at),
  1184: (buffer, at) => Number(buffer.readBigInt64BE(at) / 1000n) + postgresEpochMs,
}

function elements(value: unknown): unknown[] {
  if (!Buffer.isBuffer(value)) throw new TypeError('A parameter is no binary array.')
  const decode = decoders[value.readInt32BE(8)]
  if (decode === undefined) throw new TypeError(`Arrays of type ${value.readInt32BE(8)} are not known here.`)
  const count = value.readInt32BE(12)
  const items: unknown[] = []
  let at = headerBytes
  for (let item = 0; item < count; item++) {
    const bytes = value.readInt32BE(at)
    at += 4
    items.push(bytes < 0 ? null : decode(value, at, bytes))
    at += Math.max(0, bytes)
  }
  return items
}

/** The numbers of an array that holds no NULL; instants are milliseconds since the Unix epoch. */
export function numbers(value: unknown): number[] {
  return elements(value).map((item) => {
    if (typeof item !== 'number') throw new TypeError(`Expected a number and found ${String(item)}.`)
    return item
  })
}

/** The texts of an array that holds no NULL. */
export function texts(value: unknown): string[] {
  return elements(value).map((item) => {
    if (typeof item !== 'string') throw new TypeError(`Expected a text and found ${String(item)}.`)
    return item
  })
}
