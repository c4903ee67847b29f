// The context of an authenticated request.

import { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import type { Channel } from '../auth/authenticator.ts'
import type { Principal } from '../operators/principal.ts'
import type { ErrorCode } from '../base/errors.ts'
import type { AuditContext } from './audit-context.ts'
import { validationError } from './errors.ts'

/** How a request came. */
export interface RequestChannel extends Pick<Channel, 'remoteAddress' | 'isEncrypted'> {
  /** Says that the body of the answer is sent for longer than others are: how long its connection may be idle. */
  readonly mayBeIdle: (seconds: number) => void
}

export interface ApiEnv {
  /** What the server knows of a request beside its headers. */
  Bindings: RequestChannel
  Variables: {
    requestId: string
    principal: Principal
    /**
     * Reads the principal again.
     *
     * @throws {StatorError} `UNAUTHORIZED` if the credentials are worthless by now.
     */
    authenticateNow: () => Promise<void>
    audit: AuditContext
    /** Code of the error that the request was answered with. */
    errorCode?: ErrorCode
  }
}

/** How a request came; without an address and encryption if the app was called without a server. */
export function channelOf(c: Context<ApiEnv>): RequestChannel {
  const { remoteAddress = '', isEncrypted = false, mayBeIdle = () => {} }: Partial<ApiEnv['Bindings']> = c.env ?? {}
  return { remoteAddress, isEncrypted, mayBeIdle }
}

/** IP address of the client of a request; '' if the app was called without a server. */
export function remoteAddressOf(c: Context<ApiEnv>): string {
  return channelOf(c).remoteAddress
}

/** An app for some routes. It answers validation errors of zod with 400, `details.field` and `details.issue`. */
export function apiApp(): OpenAPIHono<ApiEnv> {
  return new OpenAPIHono<ApiEnv>({
    defaultHook: (result) => {
      if (!result.success) throw validationError(result.error, result.target === 'json' ? 'body' : result.target)
    },
  })
}
