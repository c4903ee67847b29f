// The Stators of the cases: one for each way of connecting, started when the first case needs it.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { restOperator } from '../../../src/simulator/cases/operators.ts'
import type { Site, SiteKind } from '../../../src/simulator/cases/site.ts'
import { make, makeAuthority, makeLocalhost, type Made } from '../../support/made-certificates.ts'
import { adminApiKey, passwordDefault, TestStator } from '../../support/stator.ts'

interface Central {
  readonly stator: TestStator
  readonly site: Site
}

const running = new Map<SiteKind, Promise<Central>>()
const folders: string[] = []

/** The Stator of this kind, started if it does not run yet. */
export async function siteOf(kind: SiteKind): Promise<Site> {
  const already = running.get(kind) ?? start(kind)
  running.set(kind, already)
  return (await already).site
}

/** Stops all of them. */
export async function stopCentrals(): Promise<void> {
  for (const central of running.values()) await (await central).stator.stop()
  running.clear()
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
}

async function start(kind: SiteKind): Promise<Central> {
  const root = makeAuthority('Conformance Root')
  const stator = await startStator(kind, root)
  const site: Site = {
    ocppUrl: stator.ocppUrl,
    operator: restOperator(stator.url, adminApiKey, passwordDefault),
    authority: root.certificate,
    clientCertificate({ commonName, isSelfSigned = false, toMs }) {
      const issuer = isSelfSigned ? null : root
      const { certificate: cert, key } = make({ subject: commonName, issuer, ...(toMs === undefined ? {} : { toMs }) })
      return { cert, key }
    },
  }
  return { stator, site }
}

async function startStator(kind: SiteKind, root: Made): Promise<TestStator> {
  if (kind === 'plain') return TestStator.start()
  if (kind === 'denying') return TestStator.start({ settings: { Security: { ConcurrentTransactions: 'deny' } } })
  const folder = await mkdtemp(join(tmpdir(), 'stator-conformance-'))
  folders.push(folder)
  // The authority signs the server certificate, and client certificates that the operator's own authority signed.
  const server = makeLocalhost(root, { kind: kind === 'tls' ? 'rsa' : 'ec' })
  const CertificatePath = join(folder, 'server.pem')
  const ClientCertificateAuthority = join(folder, 'clients.pem')
  await Bun.write(CertificatePath, server.certificate + server.key)
  await Bun.write(ClientCertificateAuthority, root.certificate)
  return TestStator.start({
    settings: {
      OCPP: { EnableSSL: true, CertificatePath },
      Security: {
        AuthenticationMethod: ['Basic', 'ClientCertificate'],
        CertificateAuthority: 'Local',
        ClientCertificateAuthority,
      },
    },
  })
}
