// PUT /api/chargepoints/{chargePointId}/network-profiles/{slot}: a charge point of 2.x stores how it can connect.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { badRequest } from '../../api/errors.ts'
import { ChargePointParams, integer, integerText, oneOf, text } from '../../api/fields.ts'
import { answerWithJob, jobErrorCodes, jobResponses, queueFields } from '../../api/jobs/job-command.ts'
import { body, errors } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { identityCharactersMax } from '../../base/limits.ts'
import { withDefined } from '../../base/with-defined.ts'
import { type OcppVersion, ocppVersions } from '../../ocpp/version.ts'
import { networkInterfaces, networkProfileCommand, networkProfileSet } from './network-profile.ts'

const urlCharactersMax = 2_000
const wordCharactersMax = 64
const keyCharactersMax = 255
const messageTimeoutSecondsDefault = 30
const slotMax = 65_535

const Apn = z
  .strictObject({
    apn: text('APN', urlCharactersMax).openapi({ example: 'internet' }),
    apnUserName: text('APN user name', wordCharactersMax).optional(),
    apnPassword: text('APN password', wordCharactersMax).optional(),
    simPin: integer('SIM PIN', 0).optional(),
    preferredNetwork: text('Preferred network', 6).optional(),
    useOnlyPreferredNetwork: z.boolean({ error: 'Use only preferred network must be true or false' }).optional(),
    apnAuthentication: oneOf('APN authentication', ['CHAP', 'NONE', 'PAP', 'AUTO']),
  })
  .openapi({ description: 'Of a mobile network (APNType).' })

const Vpn = z
  .strictObject({
    server: text('VPN server', urlCharactersMax),
    user: text('VPN user', wordCharactersMax),
    group: text('VPN group', wordCharactersMax).optional(),
    password: text('VPN password', wordCharactersMax),
    key: text('VPN key', keyCharactersMax),
    type: oneOf('VPN type', ['IKEv2', 'IPSec', 'L2TP', 'PPTP']),
  })
  .openapi({ description: 'VPNType.' })

const profileError = 'Security profile must be 0, 1, 2 or 3'

const SetNetworkProfile = z
  .strictObject({
    csmsUrl: z
      .url({ protocol: /^wss?$/, error: 'CSMS URL must be a URL that begins with ws:// or wss://' })
      .max(urlCharactersMax, { error: `CSMS URL must be no longer than ${urlCharactersMax} characters` })
      .openapi({ description: 'Without the identity of the charge point.', example: 'wss://csms.example.com/ocpp' }),
    securityProfile: z
      .int({ error: profileError })
      .min(0, { error: profileError })
      .max(3, { error: profileError })
      .openapi({ example: 2 }),
    interface: oneOf('Interface', networkInterfaces).openapi({ example: 'Wired0' }),
    messageTimeout: integer('Message timeout', 1).default(messageTimeoutSecondsDefault).openapi({
      description: 'How long it waits for an answer, in seconds.',
      example: messageTimeoutSecondsDefault,
    }),
    version: oneOf('Version', ocppVersions)
      .optional()
      .openapi({ description: 'That it is to speak; left out: the one that it speaks.', example: '2.0.1' }),
    apn: Apn.optional(),
    vpn: Vpn.optional(),
    identity: text('Identity', identityCharactersMax).optional().openapi({
      description: 'With which it connects then: beside a password its own. From 2.1 on.',
      example: 'CP001',
    }),
    password: text('Password', wordCharactersMax)
      .optional()
      .openapi({ description: 'With which it connects then: it becomes valid beside the present one. From 2.1 on.' }),
    ...queueFields,
  })
  .openapi('NetworkProfile')

const SlotParams = ChargePointParams.extend({
  slot: integerText('Slot', 0, slotMax).openapi({ param: { name: 'slot', in: 'path' }, example: 1 }),
})

const setRoute = routeFor('configuration:write', {
  method: 'put',
  path: '/api/chargepoints/{chargePointId}/network-profiles/{slot}',
  operationId: 'setNetworkProfile',
  tags: ['Configuration'],
  summary: 'Store how a charge point connects',
  description:
    'SetNetworkProfile of 2.x. The charge point uses the profile when `OCPPCommCtrlr.NetworkConfigurationPriority` names its slot first, after a reboot: `PUT …/variables`, `POST …/reset`. It is a job, so it can wait for a boot.',
  request: { params: SlotParams, body: body(SetNetworkProfile, true) },
  responses: { 200: jobResponses[200], 202: jobResponses[202], ...errors(...jobErrorCodes) },
})

/** Network profiles of charge points. */
export function networkProfileRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(setRoute, async (c) => {
    const { chargePointId, slot } = c.req.valid('param')
    const wish = c.req.valid('json')
    const { csmsUrl, securityProfile, messageTimeout, version: spoken, apn, vpn, identity, password } = wish
    const chargePoint = await findChargePoint(deps, c, chargePointId)
    if (password !== undefined && identity !== undefined && identity !== chargePoint.identity) {
      const rule = 'A password is set for the charge point of the request: leave Identity out, or give its own'
      throw badRequest('identity', rule)
    }
    const profile = {
      ...{ slot, csmsUrl, securityProfile, networkInterface: wish.interface, version: spoken ?? null },
      messageTimeoutSeconds: messageTimeout,
      ...withDefined({ identity, password }),
      ...(apn === undefined ? {} : { apn: withDefined(apn) }),
      ...(vpn === undefined ? {} : { vpn: withDefined(vpn) }),
    }
    const wanted = {
      kind: networkProfileSet,
      commandOf: (version: OcppVersion) => networkProfileCommand(version, profile),
      startsAtMs: null,
    }
    return answerWithJob(deps, c, chargePoint, wanted, wish)
  })

  return app
}
