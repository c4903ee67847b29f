// The upload server: a small HTTP server on its own port, to which charge points upload files of jobs. It takes a
// bounded number of uploads at once, and knows nothing of OCPP.

import { type Server, serve, type TLSOptions } from 'bun'
import { StatorError } from '../../base/errors.ts'
import { multipartHeaderBytesMax, uploadRetrySeconds, uploadSocketIdleSeconds } from '../../base/limits.ts'
import { withSecurityHeaders } from '../http-answer.ts'
import { DirectPort } from '../public-port.ts'
import { receiveUpload, refusal, type UploadDeps } from './receive-upload.ts'

export interface UploadServerDeps extends UploadDeps {
  readonly host: string
  readonly port: number
  readonly tls: TLSOptions | null
  readonly atOnceMax: number
}

export interface UploadServer {
  readonly port: number
  /** New connections get this certificate. @throws {StatorError} as `startUploadServer`; the earlier one stays then. */
  renewCertificate(tls: TLSOptions): void
  /** Stops listening; uploads that are under way break off, and their charge points try again. */
  stop(): Promise<void>
}

/** @throws {StatorError} `ADDRESS_UNAVAILABLE` when the address is in use, or this machine does not have it. */
export function startUploadServer(deps: UploadServerDeps): UploadServer {
  const { host, port, tls, atOnceMax, fileBytesMax } = deps
  let underWay = 0
  const answer = async (request: Request): Promise<Response> => {
    if (underWay >= atOnceMax) {
      deps.counters.uploadsRefused++
      return refusal(503, 'Too many uploads are under way', { 'Retry-After': String(uploadRetrySeconds) })
    }
    underWay++
    try {
      return await receiveUpload(deps, request)
    } finally {
      underWay--
    }
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
    port: open.port,
    renewCertificate: (renewed) => orAddressError(deps, () => open.renew(renewed)),
    stop: () => open.stop(),
  }
}

function orAddressError<T>({ host, port }: UploadServerDeps, work: () => T): T {
  try {
    return work()
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const message = `OCPP.ServerEndpoint and Uploads.Port are ${host} and ${port} (${reason}): expected an address of this machine and a free port.`
    throw new StatorError('ADDRESS_UNAVAILABLE', message, undefined, error)
  }
}
