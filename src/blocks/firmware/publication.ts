// Firmware that a local controller of 2.x publishes to the charge points behind it (2.0.1 L03), and takes back (L04).

import type { OCPP20, OCPP21 } from 'typed-ocpp'
import { jobDetailItemsMax, jobTextCharactersMax } from '../../base/limits.ts'
import { type OcppVersion, since2 } from '../../ocpp/version.ts'
import { type Command, type CommandOutcome, type NoCommand, statusOf } from '../command.ts'
import type { Handler } from '../decision.ts'
import type { JobKind } from '../jobs/job.ts'
import { jobNeeds, withJob } from '../jobs/reported.ts'
import { notification } from '../notification.ts'

export interface PublicationRequest {
  /** URL from which the local controller fetches the firmware. */
  readonly location: string
  /** MD5 of the file, in hexadecimal digits. */
  readonly checksum: string
  readonly retries?: number
  readonly retryIntervalSeconds?: number
  readonly requestId: number
}

/** PublishFirmware; null: 1.6 has none. */
export function publishFirmwareCommand(version: OcppVersion, request: PublicationRequest): Command | null {
  return publications[version](request)
}

const publications = since2<(request: PublicationRequest) => Command | null>(
  () => null,
  ({ location, checksum, retries, retryIntervalSeconds, requestId }) => ({
    action: 'PublishFirmware',
    payload: {
      location,
      ...(retries === undefined ? {} : { retries }),
      checksum,
      requestId,
      ...(retryIntervalSeconds === undefined ? {} : { retryInterval: retryIntervalSeconds }),
    },
    fields: { '/retryInterval': 'retryInterval' },
  }),
)

/** UnpublishFirmware. */
export function unpublishFirmwareCommand(version: OcppVersion, checksum: string): Command | NoCommand {
  return unpublications[version](checksum)
}

const unpublications = since2<(checksum: string) => Command | NoCommand>(
  () => ({ reason: 'OCPP 1.6 has no published firmware' }),
  (checksum) => ({ action: 'UnpublishFirmware', payload: { checksum }, fields: {} }),
)

const unpublished: Readonly<Record<string, string>> = {
  Unpublished: 'The firmware is not published any more',
  DownloadOngoing: 'A charge point is downloading the firmware; it stays published',
  NoFirmware: 'No firmware with this checksum is published',
}

/** What UnpublishFirmwareStatusEnumType means. */
export function unpublishOutcome(status: string): CommandOutcome {
  return { status, message: unpublished[status] ?? `The charge point answered with ${status}` }
}

// PublishFirmwareStatusEnumType. `Idle` is about none.
/** Firmware that is published. */
export const firmwarePublication: JobKind = {
  kind: 'firmwarePublication',
  isRead: false,
  answered(_version, answer) {
    const status = statusOf(answer)
    switch (status) {
      case null:
        return null
      case 'Accepted':
        return { type: 'accepted', status, message: 'The charge point fetches the firmware, and publishes it' }
      default:
        return { type: 'refused', status, message: `The charge point answered the publication with ${status}` }
    }
  },
  reports: {
    DownloadScheduled: 'progress',
    Downloading: 'progress',
    DownloadPaused: 'progress',
    Downloaded: 'progress',
    DownloadFailed: 'failure',
    ChecksumVerified: 'progress',
    InvalidChecksum: 'failure',
    Published: 'success',
    PublishFailed: 'failure',
  },
}

/** Of the URLs of published firmware, those that are shown with its job. */
export function shownLocations<E>(locations: readonly E[]): readonly E[] {
  return locations.slice(0, jobDetailItemsMax)
}

type PublicationStatus =
  OCPP20.PublishFirmwareStatusNotificationRequest | OCPP21.PublishFirmwareStatusNotificationRequest

/** 2.0.1 L03: how far a publication is, and where the firmware is to be had. */
export const publicationStatus: Handler<PublicationStatus> = {
  needs: (report) => jobNeeds(report),
  decide: ({ status, requestId, location = [] }, known) => {
    const locations = shownLocations(location).map((url) => url.slice(0, jobTextCharactersMax))
    const detail = locations.length === 0 ? {} : { detail: { location: locations } }
    return withJob(notification(known), known, [firmwarePublication], { status, requestId, ...detail })
  },
}
