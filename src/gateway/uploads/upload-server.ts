// The upload server: a small HTTP server on its own port, to which charge points upload files of jobs. It takes a
// bounded number of uploads at once, one of each job, and knows nothing of OCPP.

import { type Server, serve, type TLSOptions } from 'bun'
import type { UploadSettings } from '../../base/upload-settings.ts'
import { StatorError } from '../../base/errors.ts'
import { multipartHeaderBytesMax, uploadLookupsMax, uploadSocketIdleSeconds } from '../../base/limits.ts'
import { withSecurityHeaders } from '../http-answer.ts'
import { DirectPort } from '../public-port.ts'
import { receiveUpload, refusal, tooMany, type UploadBegin, type UploadDeps } from './receive-upload.ts'
import { UploadSlots } from './upload-slots.ts'

interface UploadServerDeps extends Omit<UploadDeps, 'fileBytesMax' | 'slots'> {
  readonly host: string
  /** Of the gateway. */
  readonly tls: TLSOptions | null
}

type ListeningDeps = Omit<UploadDeps, 'slots'> & UploadServerDeps & Pick<UploadSettings, 'port' | 'atOnceMax'>

export interface UploadServer {
  /** New connections get this certificate. @throws {StatorError} as `openUploads`; the earlier one stays then. */
  renewCertificate(tls: TLSOptions): void
  /** Stops listening; uploads that are under way break off, and their charge points try again. */
  stop(): Promise<void>
}

/**
 * Opens the upload server, if the settings want one.
 *
 * @throws {StatorError} `ADDRESS_UNAVAILABLE` when the address is in use, or this machine does not have it.
 */
export function openUploads(settings: UploadSettings, deps: UploadServerDeps): UploadServer {
  const { publicUrl, isEncrypted, ...limits } = settings
  if (publicUrl === null) return { renewCertificate: () => {}, stop: async () => {} }
  const server = listening({ ...deps, ...limits, tls: isEncrypted ? deps.tls : null })
  return { ...server, renewCertificate: (tls) => (isEncrypted ? server.renewCertificate(tls) : undefined) }
}

function listening(deps: ListeningDeps): UploadServer {
  const { host, port, tls, atOnceMax, fileBytesMax } = deps
  const slots = new UploadSlots(atOnceMax)
  let lookups = 0
  const begin = async (...token: Parameters<UploadDeps['store']['begin']>): Promise<UploadBegin> => {
    lookups++
    try {
      return await deps.store.begin(...token)
    } finally {
      lookups--
    }
  }
  const uploads: UploadDeps = { ...deps, slots, store: { ...deps.store, begin } }
  const answer = async (request: Request): Promise<Response> => {
    // Before the look-up, which counts an attempt.
    if (!slots.isFull && lookups < uploadLookupsMax) return receiveUpload(uploads, request)
    deps.counters.uploadsRefused++
    return tooMany()
  }
  const listen = (at: number, options: TLSOptions | null): Server<undefined> =>
    serve({
      hostname: host,
      port: at,
      reusePort: false,
      idleTimeout: uploadSocketIdleSeconds,
      maxRequestBodySize: fileBytesMax + 3 * multipartHeaderBytesMax,
      ...(options === null ? {} : { tls: options }),
      development: false,
      fetch: async (request) => withSecurityHeaders(await answer(request), null),
      error: () => refusal(500, 'An unexpected error occurred'),
    })
  const open = orAddressError(deps, () => new DirectPort(port, tls, listen))
  return {
    renewCertificate: (renewed) => orAddressError(deps, () => open.renew(renewed)),
    stop: () => open.stop(),
  }
}

function orAddressError<T>({ host, port }: ListeningDeps, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const message = `OCPP.ServerEndpoint and Uploads.Port are ${host} and ${port} (${reason}): expected an address of this machine and a free port.`
    throw new StatorError('ADDRESS_UNAVAILABLE', message, undefined, error)
  }
}
