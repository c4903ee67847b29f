// Functional block N, diagnostics: uploads of logs, monitoring, and events.

import type { OCPP16, OCPP20, OCPP21 } from 'typed-ocpp'
import type { Handler } from '../decision.ts'
import { jobNeeds, withJob } from '../jobs/reported.ts'
import { notification } from '../notification.ts'
import { aboutPerson, forgiving, keeping, learning, readingPartOf, rowsOf } from '../rows.ts'
import { readEvents } from './alarms.ts'
import { closeStream, notifyStream, openStream, streamAdjusted, streamsListed } from './event-streams.ts'
import { monitoringReportAsked } from './monitoring-jobs.ts'
import { notifyCustomerInformation } from './customer-information.ts'
import { dataCollectorLog, diagnosticsLog, securityLog } from './log-job.ts'
import { monitorsCleared, monitorsSet, notifyMonitoringReport } from './monitors.ts'
import { notifyEvent } from './state-events.ts'

const { served, servedSend, toChargePoint } = rowsOf('diagnostics')

const diagnosticsStatus: Handler<OCPP16.DiagnosticsStatusNotificationRequest> = {
  needs: () => jobNeeds({}),
  decide: ({ status }, known) => {
    const stored = notification(known, undefined, { table: 'chargePoints', patch: { diagnosticsStatus: status } })
    return withJob(stored, known, [diagnosticsLog], { status })
  },
}

const logStatus: Handler<
  OCPP16.LogStatusNotificationRequest | OCPP20.LogStatusNotificationRequest | OCPP21.LogStatusNotificationRequest
> = {
  needs: (report) => jobNeeds(report),
  decide: ({ status, requestId }, known) => {
    const stored = notification(known, undefined, { table: 'chargePoints', patch: { logStatus: status } })
    return withJob(stored, known, [diagnosticsLog, securityLog, dataCollectorLog], { status, requestId })
  },
}

export const diagnostics16 = {
  DiagnosticsStatusNotification: served('1.6 §4.4', 'committed', diagnosticsStatus),
  GetDiagnostics: toChargePoint('1.6 §5.9', ['DiagnosticsStatusNotification']),
  GetLog: toChargePoint('1.6 security whitepaper §5.9', ['LogStatusNotification']),
  LogStatusNotification: served('1.6 security whitepaper §5.13', 'committed', logStatus),
}

export const diagnostics201 = {
  GetLog: toChargePoint('2.0.1 N01', ['LogStatusNotification']),
  LogStatusNotification: served('2.0.1 N01', 'committed', logStatus),
  GetMonitoringReport: learning(monitoringReportAsked, toChargePoint('2.0.1 N02', ['NotifyMonitoringReport'])),
  NotifyMonitoringReport: forgiving(served('2.0.1 N02', 'committed', notifyMonitoringReport)),
  SetMonitoringBase: toChargePoint('2.0.1 N03', ['NotifyEvent']),
  SetVariableMonitoring: learning(monitorsSet, toChargePoint('2.0.1 N04', ['NotifyEvent'])),
  SetMonitoringLevel: toChargePoint('2.0.1 N05'),
  ClearVariableMonitoring: learning(monitorsCleared, toChargePoint('2.0.1 N06')),
  NotifyEvent: readingPartOf({ eventData: readEvents }, served('2.0.1 N07-N08', 'committed', notifyEvent)),
  CustomerInformation: toChargePoint('2.0.1 N09-N10', ['NotifyCustomerInformation']),
  NotifyCustomerInformation: aboutPerson(
    ['data'],
    forgiving(served('2.0.1 N09-N10', 'committed', notifyCustomerInformation)),
  ),
}

export const diagnostics21 = {
  GetLog: toChargePoint('2.1 N01', ['LogStatusNotification']),
  LogStatusNotification: served('2.1 N01', 'committed', logStatus),
  GetMonitoringReport: learning(monitoringReportAsked, toChargePoint('2.1 N02', ['NotifyMonitoringReport'])),
  NotifyMonitoringReport: forgiving(served('2.1 N02', 'committed', notifyMonitoringReport)),
  SetMonitoringBase: toChargePoint('2.1 N03', ['NotifyEvent']),
  SetVariableMonitoring: learning(monitorsSet, toChargePoint('2.1 N04, N11', ['NotifyEvent'])),
  SetMonitoringLevel: toChargePoint('2.1 N05'),
  ClearVariableMonitoring: learning(monitorsCleared, toChargePoint('2.1 N06')),
  NotifyEvent: readingPartOf({ eventData: readEvents }, served('2.1 N07-N08', 'committed', notifyEvent)),
  CustomerInformation: toChargePoint('2.1 N09-N10', ['NotifyCustomerInformation']),
  NotifyCustomerInformation: aboutPerson(
    ['data'],
    forgiving(served('2.1 N09-N10', 'committed', notifyCustomerInformation)),
  ),
  OpenPeriodicEventStream: forgiving(served('2.1 N11', 'committed', openStream)),
  GetPeriodicEventStream: learning(streamsListed, toChargePoint('2.1 N12')),
  ClosePeriodicEventStream: forgiving(served('2.1 N13', 'committed', closeStream)),
  AdjustPeriodicEventStream: learning(streamAdjusted, toChargePoint('2.1 N14')),
  NotifyPeriodicEventStream: keeping(['data'], forgiving(servedSend('2.1 N15', notifyStream))),
}
