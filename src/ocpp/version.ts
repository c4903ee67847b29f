// The OCPP versions that Stator knows, and their WebSocket subprotocol names.

/** A version of OCPP-J. */
export type OcppVersion = '1.6' | '2.0.1' | '2.1'

/** Something that each version has in its own way. */
export type ByVersion<T> = Readonly<Record<OcppVersion, T>>

/** What 1.6 has in one way, and 2.0.1 and 2.1 in another. */
export function since2<T>(in16: T, in2x: T): ByVersion<T> {
  return { '1.6': in16, '2.0.1': in2x, '2.1': in2x }
}

/** Every version with a message table. */
export const ocppVersions: readonly OcppVersion[] = ['1.6', '2.0.1', '2.1']

/**
 * WebSocket subprotocol names as registered with IANA (OCPP-J 1.6 §3.1.2, OCPP 2.0.1 Part 4 §3.1.2) that the gateway
 * agrees to, best first. 2.1 has its table already, but is not offered before its messages are served.
 */
export const subprotocols: Readonly<Record<string, OcppVersion>> = {
  'ocpp2.0.1': '2.0.1',
  'ocpp1.6': '1.6',
}
