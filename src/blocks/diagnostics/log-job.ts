// The upload of a log as a job: the command in each version, what the answer means, and what each status means that the
// charge point reports (1.6 §5.9, 1.6 security whitepaper §5.9, 2.0.1 N01).

import { isoTime } from '../../base/clock.ts'
import { type OcppVersion, since2 } from '../../ocpp/version.ts'
import { type Command, statusOf } from '../command.ts'
import type { Payload } from '../decision.ts'
import type { JobAnswer, JobKind, ReportOutcome } from '../jobs/job.ts'

/** The logs of charge points (2.1 LogEnumType). */
export const logTypes = ['DiagnosticsLog', 'SecurityLog', 'DataCollectorLog'] as const

export type LogType = (typeof logTypes)[number]

export interface LogRequest {
  readonly type: LogType
  /** URL to which the charge point uploads it. */
  readonly location: string
  readonly fromMs?: number
  readonly toMs?: number
  readonly retries?: number
  readonly retryIntervalSeconds?: number
  /** The id of this upload in its status notifications, except in those of GetDiagnostics of 1.6. */
  readonly requestId: number
}

const usualTypes: readonly LogType[] = ['DiagnosticsLog', 'SecurityLog']

/** The logs that each version has. */
const typesIn: Readonly<Record<OcppVersion, readonly LogType[]>> = {
  '1.6': usualTypes,
  '2.0.1': usualTypes,
  '2.1': logTypes,
}

/** GetDiagnostics of 1.6, else GetLog; null: the version has no such log. */
export function logCommand(version: OcppVersion, request: LogRequest): Command | null {
  if (!typesIn[version].includes(request.type)) return null
  const { retries, retryIntervalSeconds } = request
  const { action, payload, fields } = forms[version](request)
  const attempts = {
    ...(retries === undefined ? {} : { retries }),
    ...(retryIntervalSeconds === undefined ? {} : { retryInterval: retryIntervalSeconds }),
  }
  return { action, payload: { ...payload, ...attempts }, fields }
}

const forms = since2<(request: LogRequest) => Command>(
  // Charge points without the security extension know GetDiagnostics only.
  (request) => (request.type === 'DiagnosticsLog' ? getDiagnostics(request) : getLog(request)),
  getLog,
)

function getDiagnostics({ location, fromMs, toMs }: LogRequest): Command {
  const startTime = fromMs === undefined ? {} : { startTime: isoTime(fromMs) }
  const stopTime = toMs === undefined ? {} : { stopTime: isoTime(toMs) }
  return {
    action: 'GetDiagnostics',
    payload: { location, ...startTime, ...stopTime },
    fields: { '/startTime': 'from', '/stopTime': 'to' },
  }
}

function getLog({ type, requestId, location, fromMs, toMs }: LogRequest): Command {
  const oldestTimestamp = fromMs === undefined ? {} : { oldestTimestamp: isoTime(fromMs) }
  const latestTimestamp = toMs === undefined ? {} : { latestTimestamp: isoTime(toMs) }
  return {
    action: 'GetLog',
    payload: { logType: type, requestId, log: { remoteLocation: location, ...oldestTimestamp, ...latestTimestamp } },
    fields: {
      '/logType': 'type',
      '/log/remoteLocation': 'location',
      '/log/oldestTimestamp': 'from',
      '/log/latestTimestamp': 'to',
    },
  }
}

// The answer of GetDiagnostics has no status: it names a file, or there is none (1.6 §5.9).
function diagnosticsAnswered({ fileName }: Payload): JobAnswer {
  return typeof fileName === 'string' && fileName !== ''
    ? { type: 'accepted', status: 'Accepted', message: 'The charge point uploads the log', detail: { fileName } }
    : { type: 'refused', status: 'NoFile', message: 'The charge point has no diagnostics of this period' }
}

function logAnswered(answer: Payload): JobAnswer | null {
  const status = statusOf(answer)
  const { filename } = answer
  const detail = typeof filename === 'string' && filename !== '' ? { detail: { fileName: filename } } : {}
  switch (status) {
    case null:
      return null
    case 'Accepted':
      return { type: 'accepted', status, message: 'The charge point uploads the log', ...detail }
    case 'AcceptedCanceled': {
      const message = 'The charge point uploads the log; the upload under way was cancelled'
      return { type: 'accepted', status, message, ...detail, hasReplaced: true }
    }
    default:
      return { type: 'refused', status, message: `The charge point answered the request for a log with ${status}` }
  }
}

/** DiagnosticsStatus and UploadLogStatus of 1.6, UploadLogStatusEnumType of 2.0.1. `Idle` is about none. */
const reports: Readonly<Record<string, ReportOutcome>> = {
  Uploading: 'progress',
  Uploaded: 'success',
  UploadFailed: 'failure',
  UploadFailure: 'failure',
  BadMessage: 'failure',
  NotSupportedOperation: 'failure',
  PermissionDenied: 'failure',
  // Its request was overtaken by a later one (2.0.1 N01.FR.20).
  AcceptedCanceled: 'replaced',
}

const isReadOnly = { isRead: true, reports } as const

const diagnosticsLogAnswered = since2<(answer: Payload) => JobAnswer | null>(diagnosticsAnswered, logAnswered)

export const diagnosticsLog: JobKind = {
  ...isReadOnly,
  kind: 'diagnosticsLog',
  answered: (version, answer) => diagnosticsLogAnswered[version](answer),
}

export const securityLog: JobKind = {
  ...isReadOnly,
  kind: 'securityLog',
  answered: (_, answer) => logAnswered(answer),
}

export const dataCollectorLog: JobKind = { ...securityLog, kind: 'dataCollectorLog' }

/** The kind of the jobs that upload a log of this type. */
export const logJobs: Readonly<Record<LogType, JobKind>> = {
  DiagnosticsLog: diagnosticsLog,
  SecurityLog: securityLog,
  DataCollectorLog: dataCollectorLog,
}
