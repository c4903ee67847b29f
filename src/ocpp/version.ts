// The OCPP versions that Stator knows, and their WebSocket subprotocol names.

/** A version of OCPP-J. */
export type OcppVersion = '1.6' | '2.0.1' | '2.1'

/** One value per version. */
export type ByVersion<T> = Readonly<Record<OcppVersion, T>>

/** One value for 1.6, and one for 2.0.1 and 2.1. */
export function since2<T>(in16: T, in2x: T): ByVersion<T> {
  return { '1.6': in16, '2.0.1': in2x, '2.1': in2x }
}

/** Every version with a message table. */
export const ocppVersions: readonly OcppVersion[] = ['1.6', '2.0.1', '2.1']

/**
 * WebSocket subprotocol names as registered with IANA (OCPP-J 1.6 §3.1.2, OCPP 2.0.1 Part 4 §3.1.2) that the gateway
 * accepts, best first. 2.1 has a message table, but is not offered until its messages are served.
 */
export const subprotocols: Readonly<Record<string, OcppVersion>> = {
  'ocpp2.0.1': '2.0.1',
  'ocpp1.6': '1.6',
}
