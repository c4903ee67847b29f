// The rules for client certificates, with the files of the operator: which authorities count, and what is revoked. The
// files can be read again while Stator runs.

import type { ClientCertificateSettings } from '../../base/client-certificate-settings.ts'
import { pemCertificates, readSettingFile, settingFileRefused } from '../../base/setting-file.ts'
import type { PresentedCertificate } from '../authenticator.ts'
import { certificateShown, periodProblem, readCertificate, weaknessOf } from './certificate.ts'
import type { Certificate } from './certificate.ts'
import { authorityProblem, chainProblem, purposeProblem } from './chain.ts'
import type { Trust } from './chain.ts'
import { readRevocationLists, RevocationLists } from './revocation.ts'

const authoritySetting = 'Security.ClientCertificateAuthority'

/** When the operator's files run out; null: never, or there is none. */
export interface Expiries {
  readonly authorityMs: number | null
  readonly revocationListMs: number | null
}

/** Judges the certificates of clients. */
export class ClientCertificates {
  readonly #settings: ClientCertificateSettings
  #files: TrustFiles
  #own: Certificate | null = null

  private constructor(settings: ClientCertificateSettings, files: TrustFiles) {
    this.#settings = settings
    this.#files = files
  }

  /**
   * Reads the files of `settings`.
   *
   * @throws {StatorError} `SETTING_INVALID`: a file cannot be read, or holds something else.
   */
  static async load(settings: ClientCertificateSettings): Promise<ClientCertificates> {
    return new ClientCertificates(settings, await readFiles(settings))
  }

  /**
   * From now on certificates count, too, that Stator's own authority has signed.
   *
   * @param certificate PEM of the certificate that signs. Those above it may have signed others, and are not trusted.
   */
  trustOwn(certificate: string): void {
    this.#own = readCertificate(certificate)
  }

  get #trust(): Trust {
    const { anchors, revoked } = this.#files
    const own = this.#own
    return { setting: authoritySetting, anchors: own === null ? anchors : [own, ...anchors], own, revoked }
  }

  get expiries(): Expiries {
    const { anchors, revoked } = this.#trust
    const ends = anchors.map(({ facts }) => facts.notAfterMs)
    return { authorityMs: ends.length === 0 ? null : Math.min(...ends), revocationListMs: revoked.nextUpdateMs }
  }

  /**
   * Reads the files again. The next handshake is judged by them.
   *
   * @throws {StatorError} as `load`; the earlier content counts on then.
   */
  async reload(): Promise<void> {
    this.#files = await readFiles(this.#settings)
  }

  /** Why certificates of clients are bound to be refused, or revoked ones to be accepted: for the log. */
  warnings(nowMs: number): string[] {
    const { anchors, revoked } = this.#trust
    const ofAuthorities = anchors.flatMap((anchor) => {
      const problem = authorityProblem(anchor, nowMs)
      return problem === null
        ? []
        : [`No certificate of the authority ${certificateShown(anchor.x509)} counts: ${problem}.`]
    })
    const { nextUpdateMs } = revoked
    if (nextUpdateMs === null || nextUpdateMs >= nowMs) return ofAuthorities
    const since = new Date(nextUpdateMs).toISOString()
    return [
      ...ofAuthorities,
      `A list of Security.ClientCertificateRevocationList is out of date since ${since}: later revocations are not known.`,
    ]
  }

  /**
   * Judges the certificates that a client sent, its own first, each in DER or PEM.
   *
   * @returns null if it sent none; a reason (text) if its own cannot be read.
   */
  judge(sent: readonly (Uint8Array | string)[], nowMs: number): PresentedCertificate | string | null {
    const [own, ...others] = sent
    if (own === undefined) return null
    const leaf = readable(own)
    if (leaf === null) return 'the client certificate cannot be read'
    return { leaf: leaf.x509, facts: leaf.facts, chainProblem: this.#problemOf(leaf, others, nowMs) }
  }

  #problemOf(leaf: Certificate, others: readonly (Uint8Array | string)[], nowMs: number): string | null {
    const { isValidated, isByThumbprintsAlone } = this.#settings
    if (!isValidated) return null
    if (isByThumbprintsAlone) return periodProblem(leaf, nowMs) ?? weaknessOf(leaf) ?? purposeProblem(leaf.facts)
    const sent = others.flatMap((each) => readable(each) ?? [])
    return chainProblem(leaf, sent, this.#trust, nowMs)
  }
}

function readable(bytes: Uint8Array | string): Certificate | null {
  try {
    return readCertificate(bytes)
  } catch {
    return null
  }
}

type TrustFiles = Pick<Trust, 'anchors' | 'revoked'>

async function readFiles({ authorityPath, revocationListPaths }: ClientCertificateSettings): Promise<TrustFiles> {
  if (authorityPath === null) return { anchors: [], revoked: new RevocationLists([]) }
  const setting = authoritySetting
  const blocks = pemCertificates((await readSettingFile(setting, authorityPath)).toString('utf8'))
  if (blocks.length === 0)
    throw settingFileRefused(setting, authorityPath, 'expected a PEM file with certificates of authorities')
  const anchors = blocks.map((block) => {
    const anchor = readable(block)
    if (anchor === null)
      throw settingFileRefused(setting, authorityPath, 'expected a PEM file; a certificate in it is damaged')
    if (anchor.facts.isAuthority) return anchor
    const expected = `expected certificates of authorities; ${certificateShown(anchor.x509)} is not one (basicConstraints)`
    throw settingFileRefused(setting, authorityPath, expected)
  })
  const lists = await Promise.all(revocationListPaths.map((path) => readLists(path, anchors)))
  return { anchors, revoked: new RevocationLists(lists.flat()) }
}

async function readLists(path: string, anchors: readonly Certificate[]) {
  const setting = 'Security.ClientCertificateRevocationList'
  const content = await readSettingFile(setting, path)
  try {
    return readRevocationLists(content, anchors)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw settingFileRefused(
      setting,
      path,
      `expected revocation lists, PEM or DER, of these authorities (${reason})`,
      error,
    )
  }
}
