// Functional block B, provisioning: boots, heartbeats and the 2.x device model.

import type { OCPP16, OCPP20 } from 'typed-ocpp'
import { isoTime } from '../base/clock.ts'
import type { MessageRow } from '../ocpp/message.ts'
import type { Decision, Handler, Known, KnownChargePoint } from './decision.ts'
import { isPasswordVariable } from './password-commands.ts'
import type { NewRow } from './stored-rows.ts'

function boot(
  known: Known,
  station: {
    vendor: string
    model: string
    serialNumber: string | undefined
    firmwareVersion: string | undefined
    iccid: string | undefined
    imsi: string | undefined
  },
): Decision {
  const status = known.chargePoint.registrationStatus
  return {
    answer: { status, currentTime: isoTime(known.nowMs), interval: known.heartbeatIntervalSeconds },
    changes: [
      {
        kind: 'boot',
        status,
        vendor: station.vendor,
        model: station.model,
        serialNumber: station.serialNumber ?? null,
        firmwareVersion: station.firmwareVersion ?? null,
        iccid: station.iccid ?? null,
        imsi: station.imsi ?? null,
      },
      {
        table: 'chargePointEvents',
        row: { action: 'BootNotification', occurredAtMs: null, payload: known.verbatim },
      },
    ],
    anomalies: [],
    events: [{ type: 'booted', status, atMs: known.receivedAtMs }],
  }
}

/** 1.6 §4.2. The answer's status is what operators set for the charge point: Accepted unless they want it otherwise. */
export const bootNotification16: Handler<OCPP16.BootNotificationRequest> = {
  about: () => ({ endsStarts: true }),
  decide: (payload, known) =>
    boot(known, {
      vendor: payload.chargePointVendor,
      model: payload.chargePointModel,
      serialNumber: payload.chargePointSerialNumber ?? payload.chargeBoxSerialNumber,
      firmwareVersion: payload.firmwareVersion,
      iccid: payload.iccid,
      imsi: payload.imsi,
    }),
}

/** 2.0.1 B01–B03. */
export const bootNotification201: Handler<OCPP20.BootNotificationRequest> = {
  about: () => ({ endsStarts: true }),
  decide: (payload, known) => {
    const station = payload.chargingStation
    return boot(known, {
      vendor: station.vendorName,
      model: station.model,
      serialNumber: station.serialNumber,
      firmwareVersion: station.firmwareVersion,
      iccid: station.modem?.iccid,
      imsi: station.modem?.imsi,
    })
  },
}

/** 1.6 §4.6, 2.0.1 G02. Answered at once: that the charge point lives is written in batches. */
export const heartbeat: Handler<OCPP16.HeartbeatRequest> = {
  decide: (_payload, { nowMs }) => (nowMs === lastHeard.atMs ? lastHeard.decision : hear(nowMs)),
}

// A busy node decides on dozens of heartbeats in one millisecond, and on all of them alike.
let lastHeard = { atMs: Number.NaN, decision: heardAt(0) }

function hear(nowMs: number): Decision {
  lastHeard = { atMs: nowMs, decision: heardAt(nowMs) }
  return lastHeard.decision
}

function heardAt(nowMs: number): Decision {
  return { answer: { currentTime: isoTime(nowMs) }, changes: [], anomalies: [], events: [] }
}

function variablesOf(report: OCPP20.NotifyReportRequest): NewRow<'variables'>[] {
  return (report.reportData ?? []).flatMap((entry) =>
    entry.variableAttribute.map((attribute) => ({
      componentName: entry.component.name,
      componentInstance: entry.component.instance ?? '',
      evseId: entry.component.evse?.id ?? 0,
      connectorId: entry.component.evse?.connectorId ?? 0,
      variableName: entry.variable.name,
      variableInstance: entry.variable.instance ?? '',
      attributeType: attribute.type ?? 'Actual',
      // A password is only written (SecurityCtrlr.BasicAuthPassword is WriteOnly); one that is told all the same is not
      // kept.
      value: isPasswordVariable(entry.component.name, entry.variable.name) ? null : (attribute.value ?? null),
      mutability: attribute.mutability ?? null,
      persistent: attribute.persistent ?? false,
      constant: attribute.constant ?? false,
      characteristics: entry.variableCharacteristics === undefined ? null : { ...entry.variableCharacteristics },
    })),
  )
}

/** 2.0.1 B07, B08: a part of a device model report fills the table of variables. */
export const notifyReport: Handler<OCPP20.NotifyReportRequest> = {
  decide: (payload) => ({
    answer: {},
    changes: variablesOf(payload).map((row) => ({ table: 'variables', row })),
    anomalies: [],
    events: [],
  }),
}

/** What to do with a message that comes before a boot was accepted. */
export type BootGate = 'serve' | 'serveAndNote' | 'refuse'

/**
 * Before a boot is accepted only BootNotification is served; the rest gets SecurityError (OCPP-J 1.6 errata §3.8,
 * 2.0.1 B02.FR.09), but for what a TriggerMessage asked for. Two exceptions, both noted as anomalies: transaction
 * messages are facts and are never refused, and a charge point that has never booted here is served when `lenient`,
 * because some do not boot again after a reconnect.
 */
export function bootGate(
  row: Pick<MessageRow, 'transactional'>,
  action: string,
  chargePoint: KnownChargePoint,
  triggered: boolean,
): BootGate {
  if (chargePoint.bootStatus === 'Accepted' || action === 'BootNotification' || triggered) return 'serve'
  if (row.transactional) return 'serveAndNote'
  return chargePoint.bootStatus === null && chargePoint.strictness === 'lenient' ? 'serveAndNote' : 'refuse'
}
