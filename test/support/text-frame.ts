// WebSocket text frames of any length, as a client sends them (RFC 6455 §5).

/**
 * `text` as one masked frame. The mask key is zero, so that masking costs nothing; a server unmasks it all the same.
 */
export function maskedTextFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  const { length } = payload
  const lengthBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8
  const head = Buffer.alloc(2 + lengthBytes + 4)
  // FIN and the opcode of text; the bit of the mask and the length, or what says how wide the length is.
  head[0] = 0x81
  head[1] = 0x80 | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127)
  if (lengthBytes === 2) head.writeUInt16BE(length, 2)
  if (lengthBytes === 8) head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, payload])
}
