// POST /api/chargepoints/{chargePointId}/credentials: a new password, made here and set on the charge point.

import { createRoute } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { operatorOnly } from '../../api/access.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { ChargePointParams } from '../../api/fields.ts'
import { newPassword } from '../../api/new-password.ts'
import { errors, json } from '../../api/responses.ts'
import {
  commandErrorCodes,
  CommandOutcome as CommandOutcomeBody,
  invalidAnswer,
  requireConnected,
  sendCommand,
} from '../../api/send-command.ts'
import type { CommandOutcome } from '../command.ts'
import type { ChargePointRecord } from '../records.ts'
import { passwordCommand, passwordOutcome } from './password-commands.ts'

const credentialsRoute = createRoute({
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/credentials',
  operationId: 'rotateCredentials',
  tags: ['Commands'],
  summary: 'Give the charge point a new password',
  description:
    'Makes a random password of the length that its OCPP version takes, and sets it on the charge point (AuthorizationKey, BasicAuthPassword). Nobody is shown it. Accepted: the new one lets it in, the old one does not any more. Refused: the old one stays. No answer, or it reboots first: both are valid until the new one is used.',
  middleware: [operatorOnly] as const,
  request: { params: ChargePointParams },
  responses: { 200: json(CommandOutcomeBody, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

/** Changes the password of a connected charge point. @throws {StatorError} errors of `sendCommand`. */
export async function rotateCredentials(deps: ApiDeps, chargePoint: ChargePointRecord): Promise<CommandOutcome> {
  const { version } = await requireConnected(deps, chargePoint)
  const command = passwordCommand(version, newPassword(version))
  const { payload, problems } = await sendCommand(deps, chargePoint, version, command)
  const outcome = passwordOutcome(version, payload)
  if (outcome === null) throw invalidAnswer(command.action, payload, problems)
  return outcome
}

/** The route that changes the password of one charge point. */
export function credentialRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(credentialsRoute, async (c) => {
    const chargePoint = await findChargePoint(deps, c.req.valid('param').chargePointId)
    return c.json(await rotateCredentials(deps, chargePoint), 200)
  })

  return app
}
