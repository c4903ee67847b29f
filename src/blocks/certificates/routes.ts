// /api/chargepoints/{chargePointId}/certificates: the certificates of a charge point, and the commands about them;
// /api/certificates: those of all charge points; /api/certificate-authority.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { scopeOf } from '../../api/access.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import { noteChange } from '../../api/audited.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { badRequest, notFound } from '../../api/errors.ts'
import { ChargePointParams, oneOf, text, time } from '../../api/fields.ts'
import { cursorQuery, pageFields, pageIn, pageOf } from '../../api/paging.ts'
import { body, errors, json } from '../../api/responses.ts'
import {
  answerOf,
  answerQueued,
  answerWithJob,
  jobErrorCodes,
  jobResponses,
  noteJob,
  queueFields,
  startJob,
} from '../../api/jobs/job-command.ts'
import { isoTime } from '../../base/clock.ts'
import { StatorError } from '../../base/errors.ts'
import { withDefined } from '../../base/with-defined.ts'
import type { OcppVersion } from '../../ocpp/version.ts'
import type { Command } from '../command.ts'
import { certificateCharactersMax, readCaCertificate } from './route-ca-certificate.ts'
import {
  certificateDeletion,
  certificateInstallation,
  certificateRenewal,
  certificateReport,
} from './certificate-jobs.ts'
import {
  deleteCommand,
  installCommand,
  installedIdsCommands,
  installedTypes,
  renewCommand,
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
const jobErrors = errors(...jobErrorCodes)
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
    ...queueFields,
  })
  .openapi('InstallCertificate')

const installRoute = routeFor('certificate:write', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/certificates/install',
  operationId: 'installCertificate',
  tags,
  summary: 'Install a CA certificate',
  description: `A certificate that cannot be read, or has expired, is refused with 400 and not sent. It is a job (\`certificateInstallation\`), which ends with the answer. ${typeWords}`,
  request: { params: ChargePointParams, body: body(Install, true) },
  responses: { 200: jobResponses[200], 202: jobResponses[202], ...jobErrors },
})

const Wait = z.strictObject(queueFields).openapi('CertificateJob', { example: { queue: true, expiresInSeconds: 3600 } })

const reportRoute = routeFor('certificate:write', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/certificates/installed',
  operationId: 'reportCertificates',
  tags,
  summary: 'Ask which certificates are installed',
  description: `Asks the charge point (GetInstalledCertificateIds), and stores its answer in place of the earlier one. It is a job (\`certificateReport\`), which the header Location names. ${typeWords}`,
  request: {
    params: ChargePointParams,
    query: z.strictObject({
      type: oneOf('Type', reportedTypes)
        .optional()
        .openapi({ param: { name: 'type', in: 'query' }, description: 'Only certificates of this type.' }),
    }),
    body: body(Wait, false),
  },
  responses: { 200: json(Installed, 'All that it has reported, of every type.'), 202: jobResponses[202], ...jobErrors },
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
    ...queueFields,
  })
  .openapi('DeleteCertificate')

const deleteRoute = routeFor('certificate:write', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/certificates/delete',
  operationId: 'deleteCertificate',
  tags,
  summary: 'Delete an installed certificate',
  description:
    'With the hash data that the charge point reported. The charge point decides: it does not delete the certificate that it needs for its own connection. It is a job (`certificateDeletion`), which ends with the answer.',
  request: { params: ChargePointParams, body: body(Delete, true) },
  responses: { 200: jobResponses[200], 202: jobResponses[202], ...jobErrors },
})

const renewRoute = routeFor('certificate:write', {
  method: 'post',
  path: '/api/chargepoints/{chargePointId}/certificates/renew',
  operationId: 'renewCertificate',
  tags,
  summary: 'Ask for a new key and certificate',
  description:
    'Asks the charge point to make a new key and to request a certificate for it. It is a job (`certificateRenewal`) that ends when the charge point has answered CertificateSigned, which Stator sends with `Security.CertificateAuthority` = Local.',
  request: { params: ChargePointParams, body: body(Wait, false) },
  responses: { 200: jobResponses[200], 202: jobResponses[202], ...jobErrors },
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
    const { type, certificate, ...wish } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const read = readCaCertificate(certificate, clock.nowMs())
    if ('problem' in read) throw badRequest('certificate', `Certificate ${read.problem}`)
    const { subject, serialNumber, validToMs } = read
    const commandOf = (version: OcppVersion): Command => installCommand[version](type, certificate)
    const wanted = { kind: certificateInstallation, commandOf, startsAtMs: null }
    await queries.noteSentCertificate(chargePoint.key, read, clock.nowMs())
    const { started, untilMs } = await startJob(deps, c, chargePoint, wanted, wish)
    const answer = answerOf(c, started, untilMs)
    const { jobId } = started
    const status = started.answer?.status ?? 'Queued'
    noteChange(c, { after: { jobId, status, type, subject, serialNumber, validTo: isoTime(validToMs) } })
    return answer
  })

  app.openapi(reportRoute, async (c) => {
    const { type } = c.req.valid('query')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const wanted = {
      kind: certificateReport,
      commandOf: (version: OcppVersion) => installedIdsCommands[version](type)[0] ?? null,
      moreOf: (version: OcppVersion) =>
        installedIdsCommands[version](type)
          .slice(1)
          .map(({ payload }) => payload),
      startsAtMs: null,
    }
    const { started, untilMs } = await startJob(deps, c, chargePoint, wanted, c.req.valid('json') ?? {})
    const { jobId, answer } = started
    if (answer === null) return answerQueued(c, jobId, untilMs)
    noteJob(c, jobId, answer.status)
    const installed = await queries.installedCertificatesOf(chargePoint.key)
    return c.json({ installed: installed.map(installedView) }, 200)
  })

  app.openapi(deleteRoute, async (c) => {
    const { queue, expiresInSeconds, ...hashData } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const wanted = { kind: certificateDeletion, commandOf: () => deleteCommand(hashData), startsAtMs: null }
    noteChange(c, { before: hashData })
    return answerWithJob(deps, c, chargePoint, wanted, { queue, expiresInSeconds })
  })

  app.openapi(renewRoute, async (c) => {
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const commandOf = (version: OcppVersion): Command => renewCommand[version]
    const wanted = { kind: certificateRenewal, commandOf, startsAtMs: null }
    return answerWithJob(deps, c, chargePoint, wanted, c.req.valid('json') ?? {})
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
