// OCPP 2.0.1 Part 6 §3.17: P DataTransfer.

import type { Case } from '../play.ts'
import { booted, Session, time, token } from './states.ts'

export const dataTransferCases: Readonly<Record<string, Case>> = {
  TC_P_02_CSMS: async (play) => {
    const station = await booted(play)
    const request = { vendorId: 'VendorName', messageId: 'MessageId' }
    await station.sends('DataTransfer', request, { status: 'UnknownVendorId' })
  },

  TC_P_03_CSMS: async (play) => {
    const station = await booted(play)
    const customData = { vendorId: 'VendorName', anything: { at: ['all'] } }
    const status = { timestamp: time(), connectorStatus: 'Available', evseId: 1, connectorId: 1, customData }
    await station.sends('StatusNotification', status, {})
    const session = new Session(station, token(play, 'none'))
    await session.event({
      eventType: 'Started',
      triggerReason: 'CablePluggedIn',
      info: { customData },
      more: { customData, evse: session.evse },
    })
  },
}
