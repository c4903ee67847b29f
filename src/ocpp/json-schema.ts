// The JSON schemas of the Open Charge Alliance.

/** A schema as `typed-ocpp` carries it. */
export type JsonSchema = Readonly<Record<string, unknown>>
