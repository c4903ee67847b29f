// What a job is: a command that outlives its request, from the operator's wish to the last word of the charge point. A
// block describes each kind of its jobs with a `JobKind`; everything else is the same for all kinds.

import type { JobState } from '../../../actors/job.ts'
import type { OcppVersion } from '../../ocpp/version.ts'
import type { Scope } from '../scope.ts'
import type { Payload } from '../values.ts'

/** The states of a job, and what each means, for readers of the API. */
export const jobStateMeanings = {
  queued: 'nothing was sent yet; it is sent when the charge point has booted',
  sending: 'its command is under way',
  running: 'the charge point has accepted it, and will report how it ends',
  unknown: 'its command may have arrived, and there is no answer; only an operator repeats it',
  succeeded: 'the charge point has done it',
  failed: 'it could not be sent, or the charge point reports that it failed',
  rejected: 'the charge point does not do it',
  expired: 'it was not sent in time',
  timedOut: 'the charge point did not report its end in time',
  cancelled: 'an operator cancelled it, a later one replaced it, or the charge point was deleted',
} as const satisfies Record<JobState, string>

export const jobStates = Object.keys(jobStateMeanings).filter((state): state is JobState => state in jobStateMeanings)

/** A CALL of a job. Its payload is valid. */
export interface JobCommand {
  readonly action: string
  readonly payload: Payload
  /** Payloads of further CALLs of this action: each is sent when the one before it is done. */
  readonly more?: readonly Payload[]
}

/** The CALL of a job in each version that has one: a charge point may come back with another version. */
export type JobCommands = { readonly [Version in OcppVersion]?: JobCommand }

/** What the answer of a charge point means for a job. */
export interface JobAnswer {
  /** `accepted`: it will report the end. `done`: this was the end. `partly`: it has done a part, and does no more. */
  readonly type: 'accepted' | 'done' | 'partly' | 'refused'
  readonly status: string
  /** A sentence for the operator. */
  readonly message: string
  /** What else the answer says that readers of the job need. */
  readonly detail?: Payload
  /** It has given up an earlier job of this kind. */
  readonly hasReplaced?: boolean
}

/** What a report of a charge point means for a job. `replaced`: it has given it up for a later one. */
export type ReportOutcome = 'progress' | 'success' | 'failure' | 'replaced'

/** One kind of jobs. */
export interface JobKind {
  readonly kind: string
  /** Whether it only reads: to send it twice does no harm. */
  readonly isRead: boolean
  /** Whether a queued one is sent while a boot is pending, too: it prepares the charge point for it (2.0.1 B02). */
  readonly isBeforeAccepted?: true
  /** What the payload of a CALLRESULT means, to the payload that was sent; null: nothing that can be understood. */
  readonly answered: (version: OcppVersion, answer: Payload, sent: Payload) => JobAnswer | null
  /** The statuses that charge points report, with what each means. One that is not listed moves no job. */
  readonly reports: Readonly<Record<string, ReportOutcome>>
}

/** Whether the file of a job has come. */
export type UploadState = 'awaited' | 'received'

/** A file that has come. */
export interface UploadedFile {
  /** As its charge point called it; null: it did not. */
  readonly name: string | null
  readonly bytes: number
  /** In hexadecimal digits. */
  readonly sha256: string
  readonly receivedAtMs: number
}

/** The fields of a job that decisions use. */
export interface KnownJob {
  readonly jobId: number
  readonly kind: string
  readonly state: JobState
  readonly place: number
  readonly status: string | null
  readonly requestId: number
  readonly timeoutSeconds: number
  readonly startsAtMs: number | null
  readonly expiresAtMs: number | null
  /** Of its file; null or left out: it uploads none to Stator. */
  readonly upload?: UploadState | null
}

/** A job that is to be made. */
export interface NewJob extends Pick<KnownJob, 'kind' | 'requestId' | 'startsAtMs' | 'expiresAtMs'> {
  readonly parentId: number | null
  readonly commands: JobCommands
  /** Recognises its upload, if there is one to Stator. */
  readonly uploadTokenHash?: string
  readonly createdBy: string
}

/** A job that was sent for a request. */
export interface StartedJob {
  readonly jobId: number
  /** Null: it is sent when the charge point has booted. */
  readonly answer: JobAnswer | null
}

/** Which jobs a list shows. */
export interface JobFilter {
  readonly scope: Scope
  readonly identity?: string
  readonly kind?: string
  readonly state?: JobState
  readonly parentId?: number
  /** When they were made. */
  readonly fromMs?: number
  readonly toMs?: number
}

/** A job as the REST API shows it. */
export interface JobRecord extends KnownJob {
  readonly identity: string
  readonly parentId: number | null
  readonly errorCode: string | null
  readonly error: string | null
  readonly deadlineAtMs: number | null
  readonly createdAtMs: number
  readonly createdBy: string
  readonly changedAtMs: number
  readonly endedAtMs: number | null
  /** Null: it has not come, or it was deleted. */
  readonly file: UploadedFile | null
}

/** The content of the file of a job. */
export interface JobFile extends UploadedFile {
  readonly jobId: number
  readonly attempt: number
}

/** One move of a job. */
export interface JobMoveRecord {
  readonly place: number
  readonly atMs: number
  readonly state: JobState
  readonly status: string | null
  readonly errorCode: string | null
  readonly error: string | null
  readonly detail: Payload | null
  readonly messageId: string | null
  readonly movedBy: string | null
}
