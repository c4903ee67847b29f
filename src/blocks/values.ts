// Values that decisions and tables speak of.

/** A payload as it goes on the wire. */
export type Payload = Readonly<Record<string, unknown>>

/** A payload that is only kept, as it was sent: an object, or its JSON text when a worker has written it already. */
export type Verbatim = Payload | string

/** RegistrationStatus of both versions (1.6 §7.37, 2.0.1 RegistrationStatusEnumType). */
export type RegistrationStatus = 'Accepted' | 'Pending' | 'Rejected'

/**
 * Status of a connector, normalised over versions: the nine of 1.6 (§7.7). 2.x Occupied is kept as it is, and its
 * Available, Reserved, Unavailable and Faulted are the same words. `Unknown` before the first StatusNotification.
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
 * A connector by its EVSE; a 1.6 connector n is EVSE n, connector 1; 1.6 connector 0 is EVSE 0, connector 0: the charge
 * point itself.
 */
export interface ConnectorRef {
  readonly evseId: number
  readonly connectorId: number
}
