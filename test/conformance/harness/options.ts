// How the tests play cases: everything must be exactly as Stator does it.

import type { OcppVersion } from '../../../src/ocpp/version.ts'
import type { PlayOptions } from '../../../src/simulator/cases/play.ts'
import { passwordDefault } from '../../support/stator.ts'

/** Seconds between heartbeats, as Stator is configured. */
const heartbeatInterval = 300

export function strictly(version: OcppVersion): PlayOptions {
  return {
    version,
    password: passwordDefault,
    identity: null,
    idToken: null,
    isStrict: true,
    interval: heartbeatInterval,
    callMsMax: 10_000,
  }
}
