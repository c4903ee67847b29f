// A firmware update as a job: what the answer means, and what each status means that the charge point reports.

import { since2 } from '../../ocpp/version.ts'
import { statusOf } from '../command.ts'
import type { JobKind } from '../jobs/job.ts'

/** What an empty answer means; null: nothing. That to UpdateFirmware of 1.6 is always empty (§6.56). */
const emptyAnswer = since2<string | null>('Accepted', null)

// FirmwareStatus of 1.6 (§7.25, security whitepaper §6.5) and 2.0.1 FirmwareStatusEnumType. `Idle` is about no update.
/** Updates of the firmware. */
export const firmwareUpdate: JobKind = {
  kind: 'firmwareUpdate',
  isRead: false,
  answered(version, answer) {
    const status = statusOf(answer) ?? (Object.keys(answer).length === 0 ? emptyAnswer[version] : null)
    switch (status) {
      case null:
        return null
      case 'Accepted':
        return { type: 'accepted', status, message: 'Firmware update scheduled' }
      case 'AcceptedCanceled': {
        const message = 'Firmware update scheduled; the one under way was cancelled'
        return { type: 'accepted', status, message, hasReplaced: true }
      }
      default:
        return { type: 'refused', status, message: `The charge point answered the firmware update with ${status}` }
    }
  },
  reports: {
    DownloadScheduled: 'progress',
    Downloading: 'progress',
    DownloadPaused: 'progress',
    Downloaded: 'progress',
    DownloadFailed: 'failure',
    SignatureVerified: 'progress',
    InvalidSignature: 'failure',
    InstallVerificationFailed: 'failure',
    InstallScheduled: 'progress',
    InstallRebooting: 'progress',
    Installing: 'progress',
    InstallationFailed: 'failure',
    Installed: 'success',
  },
}
