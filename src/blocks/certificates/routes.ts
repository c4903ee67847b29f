// /api/chargepoints/{chargePointId}/certificates: the certificates of a charge point, and the commands about them;
// /api/certificates: those of all charge points; /api/certificate-authority.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { scopeOf } from '../../api/access.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import { noteAnswer, noteChange } from '../../api/audited.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { badRequest, notFound } from '../../api/errors.ts'
import { ChargePointParams, oneOf, text, time } from '../../api/fields.ts'
import { cursorQuery, pageFields, pageIn, pageOf } from '../../api/paging.ts'
import { body, errors, json } from '../../api/responses.ts'
import {
  commandErrorCodes,
  CommandOutcome,
  invalidAnswer,
  requireConnected,
  sendCommand,
  sendForStatus,
} from '../../api/send-command.ts'
import { isoTime } from '../../base/clock.ts'
import { StatorError } from '../../base/errors.ts'
import { withDefined } from '../../base/with-defined.ts'
import { outcomeOf } from '../command.ts'
import type { ReportedCertificate } from './records.ts'
import type { ChargePointRecord } from '../records.ts'
import { certificateCharactersMax, readCaCertificate } from './route-ca-certificate.ts'
import {
  deleteCommand,
  installCommand,
  installedIdsCommands,
  installedTypes,
  renewCommand,
  reportedIn,
  type ReportedType,
  reportedTypes,
} from './commands.ts'
import {
  certificateStates,
  hashDataExample,
  InstalledCertificate,
  installedView,
  IssuedCertificate,
  issuedView,
} from './route-views.ts'
import { routeFor } from '../../api/route.ts'

const tags = ['Certificates']
const commandErrors = errors(...commandErrorCodes)
const readErrors = errors('FORBIDDEN', 'NOT_FOUND')
const typeWords =
  'The types are those of OCPP 2.x for every version: 1.6 has CSMSRootCertificate and ManufacturerRootCertificate.'

const Installed = z.object({ installed: z.array(InstalledCertificate) }).openapi('InstalledCertificates')

const listRoute = routeFor('certificate:read', {
  method: 'get',
  path: '/api/chargepoints/{chargePointId}/certificates',
  operationId: 'getCertificates',
  tags,
  summary: 'Certificates of a charge point',
  description:
    'Those that Stator has signed for it, and those that it last reported to have installed (`POST …/certificates/installed` asks it).',
  request: { params: ChargePointParams },
  responses: {
    200: json(
      z.object({ issued: z.array(IssuedCertificate), installed: z.array(InstalledCertificate) }),
      'Issued ones, those that end last first, and installed ones.',
    ),
    ...readErrors,
  },
})

const Install = z
  .strictObject({
    type: oneOf('Type', installedTypes).openapi({ example: 'CSMSRootCertificate' }),
    certificate: z
      .string({
        error: (issue) =>
          issue.input === undefined
            ? 'Certificate is required; it must be a PEM text'
            : 'Certificate must be a PEM text',
      })
      .max(certificateCharactersMax, {
        error: `Certificate must be no longer than ${certificateCharactersMax} characters`,
      })
      .openapi({ description: 'PEM of one CA certificate.', example: '-----BEGIN CERTIFICATE-----\nMIIB…' }),
  })
  .openapi('InstallCertificate')

const installRoute = routeFor('certificate:write', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/certificates/install',
  operationId: 'installCertificate',
  tags,
  summary: 'Install a CA certificate',
  description: `A certificate that cannot be read, or has expired, is refused with 400 and not sent. ${typeWords}`,
  request: { params: ChargePointParams, body: body(Install, true) },
  responses: { 200: json(CommandOutcome, 'What the charge point answered.'), ...commandErrors },
})

const reportRoute = routeFor('certificate:write', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/certificates/installed',
  operationId: 'reportCertificates',
  tags,
  summary: 'Ask which certificates are installed',
  description: `Asks the charge point (GetInstalledCertificateIds), and stores its answer in place of the earlier one. ${typeWords}`,
  request: {
    params: ChargePointParams,
    query: z.strictObject({
      type: oneOf('Type', reportedTypes)
        .optional()
        .openapi({ param: { name: 'type', in: 'query' }, description: 'Only certificates of this type.' }),
    }),
  },
  responses: { 200: json(Installed, 'All that it has reported, of every type.'), ...commandErrors },
})

const hashText = (name: string, charactersMax: number, example: string) =>
  text(name, charactersMax).openapi({ example })

const Delete = z
  .strictObject({
    hashAlgorithm: oneOf('Hash algorithm', ['SHA256', 'SHA384', 'SHA512']).openapi({
      example: hashDataExample.hashAlgorithm,
    }),
    issuerNameHash: hashText('Issuer name hash', 128, hashDataExample.issuerNameHash),
    issuerKeyHash: hashText('Issuer key hash', 128, hashDataExample.issuerKeyHash),
    serialNumber: hashText('Serial number', 40, hashDataExample.serialNumber),
  })
  .openapi('DeleteCertificate')

const deleteRoute = routeFor('certificate:write', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/certificates/delete',
  operationId: 'deleteCertificate',
  tags,
  summary: 'Delete an installed certificate',
  description:
    'With the hash data that the charge point reported. The charge point decides: it does not delete the certificate that it needs for its own connection.',
  request: { params: ChargePointParams, body: body(Delete, true) },
  responses: { 200: json(CommandOutcome, 'What the charge point answered.'), ...commandErrors },
})

const renewRoute = routeFor('certificate:write', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/certificates/renew',
  operationId: 'renewCertificate',
  tags,
  summary: 'Ask for a new key and certificate',
  description:
    'Asks the charge point to make a new key and to request a certificate for it. The certificate follows by itself, with `Security.CertificateAuthority` = Local.',
  request: { params: ChargePointParams },
  responses: { 200: json(CommandOutcome, 'What the charge point answered.'), ...commandErrors },
})

const revokeRoute = routeFor('certificate:write', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/certificates/{serialNumber}/revoke',
  operationId: 'revokeCertificate',
  tags,
  summary: 'Revoke a certificate',
  description:
    'One that Stator has signed. The charge point cannot connect with it any more, and a connection that authenticated with it is closed. This cannot be undone. A charge point without another certificate, or another way to authenticate, is locked out.',
  request: {
    params: ChargePointParams.extend({
      serialNumber: z.string().openapi({
        param: { name: 'serialNumber', in: 'path' },
        description: 'In hexadecimal digits.',
        example: hashDataExample.serialNumber,
      }),
    }),
  },
  responses: { 200: json(IssuedCertificate, 'The certificate, revoked now or before.'), ...readErrors },
})

const expiryRoute = routeFor('certificate:read', {
  method: 'get',
  path: '/api/certificates',
  operationId: 'listCertificates',
  tags,
  summary: 'Certificates of all charge points',
  description: 'Those that Stator has signed; those that end first come first.',
  request: {
    query: z.strictObject({
      expiresBefore: time('Expires before')
        .optional()
        .openapi({ param: { name: 'expiresBefore', in: 'query' }, description: 'Only those that end before then.' }),
      state: oneOf('State', certificateStates)
        .optional()
        .openapi({ param: { name: 'state', in: 'query' }, description: 'Only those in this state.' }),
      ...cursorQuery,
    }),
  },
  responses: {
    200: json(z.object({ ...pageFields, certificates: z.array(IssuedCertificate) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN'),
  },
})

const authorityRoute = routeFor('certificate:read', {
  method: 'get',
  path: '/api/certificate-authority',
  operationId: 'getCertificateAuthority',
  tags,
  summary: 'The certificate of the certificate authority',
  description:
    'As PEM, for systems that have to verify certificates of charge points. 404 unless `Security.CertificateAuthority` is Local.',
  responses: {
    200: {
      description: 'The certificate that signs, then those above it.',
      content: { 'application/x-pem-file': { schema: z.string() } },
    },
    ...errors('FORBIDDEN', 'NOT_FOUND'),
  },
})

/** Certificates of charge points. */
export function certificateRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries, clock } = deps
  const app = apiApp()

  app.openapi(listRoute, async (c) => {
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const [issued, installed] = await Promise.all([
      queries.certificatesOf(chargePoint),
      queries.installedCertificatesOf(chargePoint.key),
    ])
    return c.json({ issued: issued.map(issuedView), installed: installed.map(installedView) }, 200)
  })

  app.openapi(installRoute, async (c) => {
    const { type, certificate } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const read = readCaCertificate(certificate, clock.nowMs())
    if ('problem' in read) throw badRequest('certificate', `Certificate ${read.problem}`)
    const { version } = await requireConnected(deps, chargePoint)
    const status = await sendForStatus(deps, chargePoint, version, installCommand[version](type, certificate))
    noteAnswer(c, status)
    if (status === 'Accepted') {
      await queries.noteSentCertificate(chargePoint.key, read, clock.nowMs())
      const { subject, serialNumber, validToMs } = read
      noteChange(c, { after: { status, type, subject, serialNumber, validTo: isoTime(validToMs) } })
    }
    return c.json(outcomeOf(status, 'Certificate installed', 'installation of the certificate'), 200)
  })

  app.openapi(reportRoute, async (c) => {
    const { type } = c.req.valid('query')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const reported = await askForCertificates(deps, chargePoint, type)
    const types = type === undefined ? null : [type]
    await queries.storeInstalledCertificates(chargePoint.key, types, reported, clock.nowMs())
    const installed = await queries.installedCertificatesOf(chargePoint.key)
    return c.json({ installed: installed.map(installedView) }, 200)
  })

  app.openapi(deleteRoute, async (c) => {
    const hashData = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const { version } = await requireConnected(deps, chargePoint)
    const status = await sendForStatus(deps, chargePoint, version, deleteCommand(hashData))
    noteAnswer(c, status)
    // NotFound: it is not there either.
    if (status !== 'Failed') {
      await queries.forgetInstalledCertificate(chargePoint.key, hashData)
      noteChange(c, { before: hashData })
    }
    return c.json(outcomeOf(status, 'Certificate deleted', 'deletion of the certificate'), 200)
  })

  app.openapi(renewRoute, async (c) => {
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const { version } = await requireConnected(deps, chargePoint)
    const status = await sendForStatus(deps, chargePoint, version, renewCommand[version])
    noteAnswer(c, status)
    return c.json(outcomeOf(status, 'The charge point will request a new certificate', 'request for a renewal'), 200)
  })

  app.openapi(revokeRoute, async (c) => {
    const { chargePointId, serialNumber } = c.req.valid('param')
    const chargePoint = await findChargePoint(deps, c, chargePointId)
    const serial = serialNumber.toUpperCase()
    const before = (await queries.certificatesOf(chargePoint)).find((issued) => issued.serialNumber === serial)
    const revoked = await queries.revokeCertificate(chargePoint.key, serial)
    if (revoked === null) throw notFound('Certificate', serialNumber)
    const { state } = revoked.certificate
    noteChange(c, {
      before: { serialNumber: serial, state: before?.state ?? null },
      after: { serialNumber: serial, state },
    })
    if (revoked.endsConnection) deps.live.disconnect(chargePoint, 'Certificate revoked')
    return c.json(issuedView(revoked.certificate), 200)
  })

  app.openapi(expiryRoute, async (c) => {
    const { expiresBefore, state, ...paged } = c.req.valid('query')
    const page = pageIn(paged)
    const listed = await queries.listCertificates(
      { scope: scopeOf(c), ...withDefined({ expiresBeforeMs: expiresBefore, state }) },
      page,
    )
    return c.json({ ...pageOf(listed, page), certificates: listed.items.map(issuedView) }, 200)
  })

  app.openapi(authorityRoute, (c) => {
    const { certificateAuthority } = deps
    if (certificateAuthority === null) {
      throw new StatorError('NOT_FOUND', 'There is no certificate authority: Security.CertificateAuthority is None')
    }
    return c.body(certificateAuthority, 200, { 'Content-Type': 'application/x-pem-file' })
  })

  return app
}

/** What the charge point reports, of one type or of all. */
async function askForCertificates(
  deps: ApiDeps,
  chargePoint: ChargePointRecord,
  type: ReportedType | undefined,
): Promise<readonly ReportedCertificate[]> {
  const { version } = await requireConnected(deps, chargePoint)
  const reported: ReportedCertificate[] = []
  for (const command of installedIdsCommands[version](type)) {
    const { payload, problems } = await sendCommand(deps, chargePoint, version, command)
    const read = reportedIn[version](command, payload)
    if (read === null) throw invalidAnswer(command.action, payload, problems)
    reported.push(...read)
  }
  return reported
}
