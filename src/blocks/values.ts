// Value types that decisions and tables share.

/** A payload as it goes on the wire. */
export type Payload = Readonly<Record<string, unknown>>

/** A payload for storing, as it was sent: an object, or its JSON text if a worker has already written it. */
export type Verbatim = Payload | string

/** RegistrationStatus of both versions (1.6 §7.37, 2.0.1 RegistrationStatusEnumType). */
export type RegistrationStatus = 'Accepted' | 'Pending' | 'Rejected'

/**
 * Status of a connector, normalised over versions: the nine of 1.6 (§7.7), and Occupied of 2.x. The other four of 2.x
 * (Available, Reserved, Unavailable and Faulted) have the same names. `Unknown` before the first StatusNotification.
 */
export type ConnectorStatus =
  | 'Available'
  | 'Preparing'
  | 'Charging'
  | 'SuspendedEVSE'
  | 'SuspendedEV'
  | 'Finishing'
  | 'Reserved'
  | 'Unavailable'
  | 'Faulted'
  | 'Occupied'
  | 'Unknown'

/**
 * A connector of an EVSE. 1.6 connector n is EVSE n, connector 1. 1.6 connector 0, the charge point itself, is EVSE 0,
 * connector 0.
 */
export interface ConnectorRef {
  readonly evseId: number
  readonly connectorId: number
}

/**
 * A security profile (1.6 Security Whitepaper §2, 2.0.1 Part 2 A00). 0: no authentication; 1: without TLS; 2: TLS; 3:
 * TLS with a client certificate.
 */
export type SecurityProfile = 0 | 1 | 2 | 3
