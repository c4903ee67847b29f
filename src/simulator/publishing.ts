// The firmware that a simulated charge point of 2.x publishes for others, as a local controller does (2.0.1 Part 2, L03
// and L04): it reports each step, and serves nothing.

import type { OCPP20 } from 'typed-ocpp'
import type { Reply } from './connection.ts'
import type { Station } from './station.ts'

type Status = OCPP20.PublishFirmwareStatusNotificationRequest['status']

/** How long one step takes, in milliseconds. */
const stepMs = 1_000

/** What is published. */
interface Published {
  readonly requestId: number
  readonly checksum: string
  readonly location: string
}

/** Publishing of `station`. */
export class Publishing {
  readonly #station: Station
  #newest: Published | null = null
  #status: Status = 'Idle'
  #cancel: () => void = () => {}

  constructor(station: Station) {
    this.#station = station
  }

  publish({ location, checksum, requestId }: OCPP20.PublishFirmwareRequest): Reply & {
    answer: OCPP20.PublishFirmwareResponse
  } {
    this.#cancel()
    this.#newest = { requestId, checksum, location }
    const steps: Status[] = ['Downloading', 'Downloaded', 'ChecksumVerified', 'Published']
    const next = (): void => {
      const status = steps.shift()
      if (status === undefined) return
      this.#status = status
      this.sendStatus()
      this.#cancel = this.#station.later(stepMs, next)
    }
    return { answer: { status: 'Accepted' }, afterwards: next }
  }

  unpublish({ checksum }: OCPP20.UnpublishFirmwareRequest): { answer: OCPP20.UnpublishFirmwareResponse } {
    if (this.#newest?.checksum !== checksum) return { answer: { status: 'NoFirmware' } }
    if (this.#status !== 'Published') return { answer: { status: 'DownloadOngoing' } }
    this.#newest = null
    this.#status = 'Idle'
    return { answer: { status: 'Unpublished' } }
  }

  sendStatus(): void {
    const newest = this.#newest
    const payload: OCPP20.PublishFirmwareStatusNotificationRequest = {
      status: this.#status,
      ...(newest === null ? {} : { requestId: newest.requestId }),
      ...(newest !== null && this.#status === 'Published' ? { location: [newest.location] } : {}),
    }
    this.#station.send({ action: 'PublishFirmwareStatusNotification', payload })
  }
}
