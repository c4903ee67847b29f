// The 2.x device model, as charge points report it.

import type { OCPP20, OCPP21 } from 'typed-ocpp'
import type { Handler } from '../decision.ts'
import type { NewRow } from '../stored-rows.ts'
import { isPasswordVariable } from './password-commands.ts'

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
      // SecurityCtrlr.BasicAuthPassword is WriteOnly. If a charge point reports it anyway, it is not stored.
      value: isPasswordVariable(entry.component.name, entry.variable.name) ? null : (attribute.value ?? null),
      mutability: attribute.mutability ?? null,
      persistent: attribute.persistent ?? false,
      constant: attribute.constant ?? false,
      characteristics: entry.variableCharacteristics === undefined ? null : { ...entry.variableCharacteristics },
    })),
  )
}

/** 2.0.1 B07, B08: stores one part of a device model report in the table of variables. */
export const notifyReport: Handler<OCPP20.NotifyReportRequest | OCPP21.NotifyReportRequest> = {
  decide: (payload) => ({
    answer: {},
    changes: variablesOf(payload).map((row) => ({ table: 'variables', row })),
    anomalies: [],
  }),
}
