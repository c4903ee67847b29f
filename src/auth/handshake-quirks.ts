// Quirks of the handshake: violations of OCPP with which a lenient charge point is still accepted, a code and a
// sentence each. A strict charge point is refused.

export const handshakeQuirkTable = {
  identityCase: 'The identity of the URL was spelt in other letter case than the provisioned one.',
  userNameDiffers: 'The password or key was right, but the user name beside it was not the identity of the URL.',
  authorizationKeyHex: 'The password was the provisioned one, written in hex.',
  pathNotPlain: 'The URL had more slashes or segments than `/ocpp/{identity}`; the last segment was taken.',
  subprotocolSpelling:
    'The subprotocol had a longer version number (`ocpp2.0.1.1`) or other letter case; it was echoed.',
  subprotocolMissing: 'No subprotocol was offered; the version of `OCPP.ProtocolVersion` was assumed.',
} as const satisfies Readonly<Record<string, string>>

/** A key of `handshakeQuirkTable`. */
export type HandshakeQuirk = keyof typeof handshakeQuirkTable
