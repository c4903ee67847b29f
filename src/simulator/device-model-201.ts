// The device model of a simulated charge point (2.0.1 Part 1 §4): reading, writing, reporting and monitoring variables.

import type { OCPP20, OCPP21 } from 'typed-ocpp'
import { isoTime } from '../base/clock.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import { Monitors } from './monitors.ts'
import type { Station } from './station.ts'
import type { SettingRow } from './station-settings.ts'

type ReportData = NonNullable<OCPP20.NotifyReportRequest['reportData']>[number]
type ComponentVariable = NonNullable<OCPP20.GetReportRequest['componentVariable']>[number]
type MonitoringData = OCPP21.SetVariableMonitoringRequest['setMonitoringData'][number]
type Component = MonitoringData['component']
type Variable = MonitoringData['variable']

/** Variables per NotifyReport. */
const reportVariablesMax = 10

/** The answers of a charge point about its device model. */
export interface DeviceModelAnswers {
  ClearVariableMonitoring(request: OCPP20.ClearVariableMonitoringRequest): {
    answer: OCPP20.ClearVariableMonitoringResponse
  }
  GetBaseReport(request: OCPP20.GetBaseReportRequest): Scheduled<OCPP20.GetBaseReportResponse>
  GetMonitoringReport(request: OCPP20.GetMonitoringReportRequest): Scheduled<OCPP20.GetMonitoringReportResponse>
  GetReport(request: OCPP20.GetReportRequest): Scheduled<OCPP20.GetReportResponse>
  GetVariables(request: OCPP20.GetVariablesRequest): { answer: OCPP20.GetVariablesResponse }
  SetMonitoringBase(request: OCPP20.SetMonitoringBaseRequest): { answer: OCPP20.SetMonitoringBaseResponse }
  SetMonitoringLevel(request: OCPP20.SetMonitoringLevelRequest): { answer: OCPP20.SetMonitoringLevelResponse }
  SetVariableMonitoring(request: OCPP20.SetVariableMonitoringRequest): {
    answer: OCPP20.SetVariableMonitoringResponse
  }
  SetVariables(request: OCPP20.SetVariablesRequest): Scheduled<OCPP20.SetVariablesResponse>
}

interface Scheduled<Response> {
  answer: Response
  afterwards?: () => void
}

/** Which of the criteria of GetMonitoringReport a type of monitor belongs to. */
function criterionOf(type: string): string {
  if (type.endsWith('Threshold')) return 'ThresholdMonitoring'
  return type.startsWith('Periodic') ? 'PeriodicMonitoring' : 'DeltaMonitoring'
}

/** A monitor as NotifyMonitoringReport has it; 2.1 asks for its kind, and 2.0.1 does not know it. */
function monitoring(id: number, data: MonitoringData, version: OcppVersion) {
  const { component, variable, value, type, severity, transaction = false } = data
  const kind = version === '2.1' ? { eventNotificationType: 'CustomMonitor' } : {}
  return { component, variable, variableMonitoring: [{ id, value, type, severity, transaction, ...kind }] }
}

/** The device model of `station`: its answers by action, and its monitors. */
export function deviceModel201(station: Station): { answers: DeviceModelAnswers; monitors: Monitors } {
  const monitors = new Monitors(station, ({ component, variable }) => {
    const evse = station.connector(component.evse?.id ?? 0)
    if (evse !== undefined && variable.name === 'AvailabilityState') return evse.status
    const row = find(component, variable)
    return typeof row === 'string' ? '' : valueOf(row)
  })

  function find(component: Component, variable: Variable): SettingRow | 'UnknownComponent' | 'UnknownVariable' {
    if (!station.settings.hasComponent(component.name)) return 'UnknownComponent'
    return station.settings.byVariable(component.name, variable.name, variable.instance) ?? 'UnknownVariable'
  }

  /** The status of an EVSE, which is no setting. */
  function isState({ name, evse }: Component, variable: Variable): boolean {
    return name === 'EVSE' && variable.name === 'AvailabilityState' && station.connector(evse?.id ?? 0) !== undefined
  }

  /** Whether a component is in one of these states; one that is no EVSE is available, and nothing else. */
  function isInState(criteria: readonly string[] | undefined, { evse }: Component): boolean {
    if (criteria === undefined) return true
    const connector = station.connector(evse?.id ?? 0)
    return criteria.some((criterion) => {
      if (criterion === 'Problem') return connector?.status === 'Faulted'
      if (criterion === 'Active') return connector?.transaction != null
      return connector?.operative !== false
    })
  }

  /** Variables about the station itself are read on request. */
  function valueOf(row: SettingRow): string {
    if (row.variable?.[0] !== 'ChargingStation') return row.value
    const own = { Model: station.model, VendorName: station.vendor, FirmwareVersion: station.firmwareVersion }
    return own[row.variable[1] as keyof typeof own]
  }

  function reportData(): ReportData[] {
    const rows = station.settings.all().flatMap((row): ReportData[] => {
      if (row.variable === null) return []
      const [component, name, instance] = row.variable
      return [
        {
          component: { name: component },
          variable: { name, ...(instance === undefined ? {} : { instance }) },
          variableAttribute: [
            {
              type: 'Actual',
              mutability: row.mutability,
              persistent: true,
              constant: false,
              // The value of a write-only variable is not reported (2.0.1 Part 2, B07).
              ...(row.mutability === 'WriteOnly' ? {} : { value: valueOf(row) }),
            },
          ],
          variableCharacteristics: {
            dataType: row.kind,
            supportsMonitoring: row.kind === 'integer',
            ...(row.unit === undefined ? {} : { unit: row.unit }),
          },
        },
      ]
    })
    const evses = station.connectors.map((connector): ReportData => ({
      component: { name: 'EVSE', evse: { id: connector.connectorId } },
      variable: { name: 'AvailabilityState' },
      variableAttribute: [{ type: 'Actual', mutability: 'ReadOnly', value: connector.status }],
      variableCharacteristics: { dataType: 'OptionList', supportsMonitoring: true },
    }))
    return [...rows, ...evses]
  }

  function report(
    requestId: number,
    data: readonly ReportData[],
  ): Scheduled<{ status: 'Accepted' | 'EmptyResultSet' }> {
    if (data.length === 0) return { answer: { status: 'EmptyResultSet' } }
    return {
      answer: { status: 'Accepted' },
      afterwards() {
        const parts = Math.ceil(data.length / reportVariablesMax)
        for (let seqNo = 0; seqNo < parts; seqNo++) {
          const payload: OCPP20.NotifyReportRequest = {
            requestId,
            generatedAt: isoTime(station.clock.nowMs()),
            seqNo,
            tbc: seqNo < parts - 1,
            reportData: data.slice(seqNo * reportVariablesMax, (seqNo + 1) * reportVariablesMax),
          }
          station.send({ action: 'NotifyReport', payload })
        }
      },
    }
  }

  function isAskedFor(wanted: readonly ComponentVariable[] | undefined, component: Component, variable: Variable) {
    if (wanted === undefined) return true
    return wanted.some(
      (one) =>
        one.component.name === component.name && (one.variable === undefined || one.variable.name === variable.name),
    )
  }

  const answers: DeviceModelAnswers = {
    ClearVariableMonitoring: ({ id }) => ({
      answer: {
        clearMonitoringResult: id.map((one) => ({ id: one, status: monitors.clear(one) ? 'Accepted' : 'NotFound' })),
      },
    }),

    GetBaseReport({ requestId, reportBase }) {
      const data = reportData()
      // A summary is about what is connected, not about settings (2.0.1 Part 2, B07).
      if (reportBase === 'SummaryInventory') {
        return report(
          requestId,
          data.filter(({ component, variable }) => isState(component, variable)),
        )
      }
      if (reportBase !== 'ConfigurationInventory') return report(requestId, data)
      const writable = data.filter(({ variableAttribute }) =>
        variableAttribute.some(({ mutability }) => mutability !== 'ReadOnly'),
      )
      return report(requestId, writable)
    },

    GetMonitoringReport({ requestId, componentVariable, monitoringCriteria }) {
      const found = monitors
        .all()
        .filter(
          ({ data: { component, variable, type } }) =>
            isAskedFor(componentVariable, component, variable) &&
            (monitoringCriteria === undefined || monitoringCriteria.some((one) => one === criterionOf(type))),
        )
      if (found.length === 0) return { answer: { status: 'EmptyResultSet' } }
      const payload = {
        requestId,
        generatedAt: isoTime(station.clock.nowMs()),
        seqNo: 0,
        monitor: found.map(({ id, data }) => monitoring(id, data, station.version)),
      }
      return {
        answer: { status: 'Accepted' },
        afterwards: () => station.send({ action: 'NotifyMonitoringReport', payload }),
      }
    },

    GetReport: ({ requestId, componentVariable, componentCriteria }) =>
      report(
        requestId,
        reportData().filter(
          ({ component, variable }) =>
            isAskedFor(componentVariable, component, variable) && isInState(componentCriteria, component),
        ),
      ),

    GetVariables: ({ getVariableData }) => ({
      answer: {
        getVariableResult: getVariableData.map(({ component, variable, attributeType = 'Actual' }) => {
          const result = { component, variable, attributeType }
          const evse = isState(component, variable) ? station.connector(component.evse?.id ?? 0) : undefined
          if (evse !== undefined) return { ...result, attributeStatus: 'Accepted', attributeValue: evse.status }
          const row = find(component, variable)
          if (typeof row === 'string') return { ...result, attributeStatus: row }
          if (attributeType !== 'Actual') return { ...result, attributeStatus: 'NotSupportedAttributeType' }
          if (row.mutability === 'WriteOnly') return { ...result, attributeStatus: 'Rejected' }
          return { ...result, attributeStatus: 'Accepted', attributeValue: valueOf(row) }
        }),
      },
    }),

    SetMonitoringBase({ monitoringBase }) {
      monitors.setBase(monitoringBase)
      return { answer: { status: 'Accepted' } }
    },

    SetMonitoringLevel({ severity }) {
      monitors.setLevel(severity)
      return { answer: { status: 'Accepted' } }
    },

    SetVariableMonitoring: ({ setMonitoringData }) => ({
      answer: {
        setMonitoringResult: setMonitoringData.map((data) => {
          const { component, variable, type, severity } = data
          const row = isState(component, variable) ? null : find(component, variable)
          if (typeof row === 'string') return { component, variable, type, severity, status: row }
          if (data.id !== undefined && !monitors.has(data.id)) {
            // There is no monitor with this id to replace (2.0.1 Part 2, N04).
            return { component, variable, type, severity, status: 'Rejected' }
          }
          return { id: monitors.set(data), component, variable, type, severity, status: 'Accepted' }
        }),
      },
    }),

    SetVariables: ({ setVariableData }) => ({
      answer: {
        setVariableResult: setVariableData.map(({ component, variable, attributeType = 'Actual', attributeValue }) => {
          const row = find(component, variable)
          const result = { component, variable, attributeType }
          if (typeof row === 'string') return { ...result, attributeStatus: row }
          if (attributeType !== 'Actual') return { ...result, attributeStatus: 'NotSupportedAttributeType' }
          const before = row.value
          const done = station.settings.change(row, attributeValue)
          if (done) monitors.changed(component.name, variable.name, before, attributeValue)
          return { ...result, attributeStatus: done ? 'Accepted' : 'Rejected' }
        }),
      },
      afterwards: () => station.settingsChanged(),
    }),
  }

  return { answers, monitors }
}
