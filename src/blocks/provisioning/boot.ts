// Boots: what a charge point says about itself, and the answer. Its chart (`actors/charge-point.ts`) decides which
// messages it may send before its boot is accepted.

import type { OCPP16, OCPP20, OCPP21 } from 'typed-ocpp'
import { isoTime } from '../../base/clock.ts'
import type { Decision, Handler, Known, Payload, RegistrationStatus } from '../decision.ts'

interface Times {
  readonly currentTime: string
  readonly interval: number
}

/** @param answerOf puts the members of the answer into the order of the schema of the version. */
function boot(
  known: Known,
  station: {
    vendor: string | undefined
    model: string | undefined
    serialNumber: string | undefined
    firmwareVersion: string | undefined
    iccid: string | undefined
    imsi: string | undefined
  },
  answerOf: (status: RegistrationStatus, times: Times) => Payload,
): Decision {
  const status = known.chargePoint.registrationStatus
  return {
    answer: answerOf(status, { currentTime: isoTime(known.nowMs), interval: known.heartbeatIntervalSeconds }),
    changes: [
      {
        table: 'chargePoints',
        patch: {
          bootStatus: status,
          lastBootAtMs: known.receivedAtMs,
          vendor: station.vendor ?? null,
          model: station.model ?? null,
          serialNumber: station.serialNumber ?? null,
          firmwareVersion: station.firmwareVersion ?? null,
          iccid: station.iccid ?? null,
          imsi: station.imsi ?? null,
        },
      },
      {
        table: 'chargePointEvents',
        row: { action: 'BootNotification', occurredAtMs: null, payload: known.verbatim },
      },
    ],
    anomalies: [],
  }
}

/** 1.6 §4.2. The status of the answer is the one that operators set for the charge point; Accepted is the default. */
export const bootNotification16: Handler<OCPP16.BootNotificationRequest> = {
  about: () => ({ endsStarts: true }),
  decide: (payload, known) =>
    boot(
      known,
      {
        vendor: payload.chargePointVendor,
        model: payload.chargePointModel,
        serialNumber: payload.chargePointSerialNumber ?? payload.chargeBoxSerialNumber,
        firmwareVersion: payload.firmwareVersion,
        iccid: payload.iccid,
        imsi: payload.imsi,
      },
      (status, times) => ({ status, ...times }),
    ),
}

/** 2.0.1 B01–B03. */
export const bootNotification201: Handler<OCPP20.BootNotificationRequest | OCPP21.BootNotificationRequest> = {
  about: () => ({ endsStarts: true }),
  decide: (payload, known) => {
    const station = payload.chargingStation
    return boot(
      known,
      {
        vendor: station.vendorName,
        model: station.model,
        serialNumber: station.serialNumber,
        firmwareVersion: station.firmwareVersion,
        iccid: station.modem?.iccid,
        imsi: station.modem?.imsi,
      },
      (status, times) => ({ ...times, status }),
    )
  },
}
