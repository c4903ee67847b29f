// OCPP 2.0.1 Part 6 §3.11: J MeterValues.

import type { Case } from '../play.ts'
import type { Payload, Station } from '../station.ts'
import { booted, evses, notifyEvent, type Session, sessionOf, time, transactionIs } from './states.ts'

const signedMeterValue = {
  signedMeterData: 'c2lnbmVk',
  signingMethod: 'ECDSA-secp256r1-SHA256',
  encodingMethod: 'OCMF',
  publicKey: '',
}

/** One meter value for each context. */
function meterValue(contexts: readonly string[], more: Payload = {}): readonly Payload[] {
  return contexts.map((context, index) => ({
    timestamp: time(),
    sampledValue: [{ value: index * 1_000, context, ...more }],
  }))
}

/** How many times the clock strikes in a case. */
const timesOfClock = [1, 2, 3] as const

/** Clock-aligned values of EVSEs, by both messages that a station may use. */
async function clockAligned(station: Station, evseIds: readonly number[]): Promise<void> {
  for (const evseId of evseIds) {
    await station.sends('MeterValues', { evseId, meterValue: meterValue(['Sample.Clock']) }, {})
    const event = notifyEvent({ name: 'FiscalMetering' }, 'EnergyActiveImportRegister', '12', { trigger: 'Periodic' })
    await station.sends('NotifyEvent', event, {})
  }
}

/** An Updated event with a meter value. */
function sampled(session: Session, triggerReason: string, context: string): Promise<void> {
  return session.event({ eventType: 'Updated', triggerReason, more: { meterValue: meterValue([context]) } })
}

/** The meter values come with the end of the transaction: 0 Wh at first, a kWh more each time. */
function atTheEnd(context: string, more: Payload = {}): Case {
  return async (play) => {
    const session = await sessionOf(play)
    await session.energyTransferStarted()
    await session.evDisconnected({ meterValue: meterValue([context, context, 'Transaction.End'], more) })
    await transactionIs(session.station, { meterStop: 2_000, stopReason: 'EVDisconnected' })
  }
}

export const meterValueCases: Readonly<Record<string, Case>> = {
  TC_J_01_CSMS: async (play) => {
    const station = await booted(play)
    for (const _ of timesOfClock) await clockAligned(station, [0, ...evses])
  },

  TC_J_02_CSMS: async (play) => {
    const session = await sessionOf(play)
    await session.energyTransferStarted()
    for (const _ of timesOfClock) {
      await clockAligned(session.station, [0, 2])
      await sampled(session, 'MeterValueClock', 'Sample.Clock')
    }
  },

  TC_J_03_CSMS: atTheEnd('Sample.Clock'),

  TC_J_04_CSMS: atTheEnd('Sample.Clock', { signedMeterValue }),

  TC_J_07_CSMS: async (play) => {
    const session = await sessionOf(play)
    await session.evConnectedPreSession({ meterValue: meterValue(['Transaction.Begin']) })
    await transactionIs(session.station, { meterStart: 0 })
  },

  TC_J_08_CSMS: async (play) => {
    const session = await sessionOf(play)
    await session.authorized()
    await session.evConnectedPreSession({ meterValue: meterValue(['Transaction.Begin']) })
    await session.energyTransferStarted()
    await transactionIs(session.station, { meterStart: 0 })
  },

  TC_J_09_CSMS: async (play) => {
    const session = await sessionOf(play)
    await session.energyTransferStarted()
    for (const _ of timesOfClock) await sampled(session, 'MeterValuePeriodic', 'Sample.Periodic')
  },

  TC_J_10_CSMS: atTheEnd('Sample.Periodic'),

  TC_J_11_CSMS: atTheEnd('Sample.Periodic', { signedMeterValue }),
}
