// The OCPP versions that Stator knows, and their WebSocket subprotocol names.

/** A version of OCPP-J. */
export type OcppVersion = '1.6' | '2.0.1' | '2.1'

/** One value per version. */
export type ByVersion<T> = Readonly<Record<OcppVersion, T>>

/** One value for 1.6, and one for 2.0.1 and 2.1. */
export function since2<T>(in16: T, in2x: T): ByVersion<T> {
  return { '1.6': in16, '2.0.1': in2x, '2.1': in2x }
}

/** One value for the versions before 2.1, and one for 2.1. */
export function since21<T>(before: T, in21: T): ByVersion<T> {
  return { '1.6': before, '2.0.1': before, '2.1': in21 }
}

/** Every version with a message table. */
export const ocppVersions: readonly OcppVersion[] = ['1.6', '2.0.1', '2.1']

/**
 * Whether the version has CALLRESULTERROR, by which the receiver of a CALLRESULT says that it cannot use it (2.1 Part 4
 * §4.2.3).
 */
export const hasResultErrors: ByVersion<boolean> = { '1.6': false, '2.0.1': false, '2.1': true }

/**
 * WebSocket subprotocol names as registered with IANA (OCPP-J 1.6 §3.1.2, OCPP 2.0.1 and 2.1 Part 4 §3.1.2). The
 * gateway accepts all of them.
 */
export const subprotocols: Readonly<Record<string, OcppVersion>> = {
  'ocpp1.6': '1.6',
  'ocpp2.0.1': '2.0.1',
  'ocpp2.1': '2.1',
}
