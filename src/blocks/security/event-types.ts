// The types of the central system's own security events.

/** Each with what it means. Those of charge points stand in the specification (1.6 Security Whitepaper). */
export const securityEventTypes = {
  HandshakeUnauthorized: 'A handshake was refused with 401: its credentials were missing or wrong.',
  HandshakeForbidden: 'A handshake was refused with 403: blocked, a security profile too low, or a foreign web page.',
  HandshakeUnknown: 'A handshake was refused with 404: there is no charge point of that identity.',
  RequestForbidden: 'A REST request was refused with 403: a foreign web page made a browser send it.',
  RequestUnauthorized: 'A REST request was refused with 401: its credentials were missing or wrong.',
} as const

/** A key of `securityEventTypes`. */
export type SecurityEventType = keyof typeof securityEventTypes
