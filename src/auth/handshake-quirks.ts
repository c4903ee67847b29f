// Quirks of the handshake: violations of OCPP with which a lenient charge point is still accepted, a code and a
// sentence each. A strict charge point is refused, except for a user name that an operator allows.

export const handshakeQuirkTable = {
  identityCase:
    'The identity, in the URL or as the user name, was spelt in other letter case than the provisioned one.',
  userNameDiffers:
    'The user name beside the password (or X-Charge-Point-Id beside the key) was not the identity; an operator allows that for this charge point.',
  authorizationKeyHex: 'The password was the provisioned one, written in hex.',
  pathNotPlain: 'The URL had more slashes or segments than `/ocpp/{identity}`; the last segment was taken.',
  subprotocolSpelling:
    'The subprotocol had a longer version number (`ocpp2.0.1.1`) or other letter case; it was echoed.',
  subprotocolMissing: 'No subprotocol was offered; the version of `OCPP.ProtocolVersion` was assumed.',
} as const satisfies Readonly<Record<string, string>>

/** A key of `handshakeQuirkTable`. */
export type HandshakeQuirk = keyof typeof handshakeQuirkTable
