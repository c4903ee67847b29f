// Functional block L, firmware: updates and their status.

import type { OCPP16, OCPP20, OCPP21 } from 'typed-ocpp'
import type { Handler } from '../decision.ts'
import { jobNeeds, type JobReport, withJob } from '../jobs/reported.ts'
import { notification } from '../notification.ts'
import { readingPartOf, rowsOf } from '../rows.ts'
import { firmwareUpdate } from './job.ts'
import { publicationStatus, shownLocations } from './publication.ts'

const { served, toChargePoint } = rowsOf('firmware')

const firmwareStatus: Handler<
  | OCPP16.FirmwareStatusNotificationRequest
  | OCPP16.SignedFirmwareStatusNotificationRequest
  | OCPP20.FirmwareStatusNotificationRequest
  | OCPP21.FirmwareStatusNotificationRequest
> = {
  needs: (report) => jobNeeds(reportOf(report)),
  decide: (report, known) => {
    const { status } = report
    const stored = notification(known, undefined, { table: 'chargePoints', patch: { firmwareStatus: status } })
    return withJob(stored, known, [firmwareUpdate], reportOf(report))
  },
}

/** In 1.6 only the notifications of signed updates name the request. */
function reportOf(report: { readonly status: string; readonly requestId?: number }): JobReport {
  const { status, requestId } = report
  return { status, requestId }
}

const locations = { location: shownLocations }

const firmwareNotifications = ['FirmwareStatusNotification', 'SignedFirmwareStatusNotification']

export const firmware16 = {
  FirmwareStatusNotification: served('1.6 §4.5', 'committed', firmwareStatus),
  UpdateFirmware: toChargePoint('1.6 §5.19', firmwareNotifications),
  SignedFirmwareStatusNotification: served('1.6 security whitepaper §5.19', 'committed', firmwareStatus),
  SignedUpdateFirmware: toChargePoint('1.6 security whitepaper §5.21', firmwareNotifications),
}

export const firmware201 = {
  UpdateFirmware: toChargePoint('2.0.1 L01-L02', firmwareNotifications),
  FirmwareStatusNotification: served('2.0.1 L01-L02', 'committed', firmwareStatus),
  PublishFirmware: toChargePoint('2.0.1 L03', ['PublishFirmwareStatusNotification']),
  PublishFirmwareStatusNotification: readingPartOf(locations, served('2.0.1 L03', 'committed', publicationStatus)),
  UnpublishFirmware: toChargePoint('2.0.1 L04'),
}

export const firmware21 = {
  UpdateFirmware: toChargePoint('2.1 L01-L02', firmwareNotifications),
  FirmwareStatusNotification: served('2.1 L01-L02', 'committed', firmwareStatus),
  PublishFirmware: toChargePoint('2.1 L03', ['PublishFirmwareStatusNotification']),
  PublishFirmwareStatusNotification: readingPartOf(locations, served('2.1 L03', 'committed', publicationStatus)),
  UnpublishFirmware: toChargePoint('2.1 L04'),
}
