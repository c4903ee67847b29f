// The files of certificates: read at the start, again at SIGHUP, and when they change. A file that cannot be read
// changes nothing: what was read before counts on.

import { stat } from 'node:fs/promises'
import { ClientCertificates } from '../auth/certificates/client-certificates.ts'
import type { ClientCertificateSettings } from '../base/client-certificate-settings.ts'
import type { Clock } from '../base/clock.ts'
import type { TlsSettings } from '../base/config.ts'
import { certificateFilesMs, certificateWarningMs } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import { loadTls, type TlsMaterial } from './tls.ts'

export interface CertificateFilesDeps {
  /** Null: Stator does not end TLS. */
  readonly tls: TlsSettings | null
  /** Null: client certificates are not asked for. */
  readonly clientCertificates: ClientCertificateSettings | null
  readonly clock: Clock
  readonly log: Logger
}

/** The certificates in use. */
export class CertificateFiles {
  readonly #deps: CertificateFilesDeps
  #tlsSettings: TlsSettings | null
  #tls: TlsMaterial | null
  readonly clientCertificates: ClientCertificates | null
  /** The files as they were before they were last read. */
  #readState: string
  /** The files of which it was logged that they cannot be read. */
  #loggedState = ''
  #onRenewed = (_tls: TlsMaterial): void => {}
  #cancelCheck = (): void => {}
  #isStopped = false

  private constructor(
    deps: CertificateFilesDeps,
    tls: TlsMaterial | null,
    clientCertificates: ClientCertificates | null,
    state: string,
  ) {
    this.#deps = deps
    this.#tlsSettings = deps.tls
    this.#tls = tls
    this.clientCertificates = clientCertificates
    this.#readState = state
  }

  /** @throws {StatorError} `SETTING_INVALID` for a file that cannot be used. */
  static async open(deps: CertificateFilesDeps): Promise<CertificateFiles> {
    const { tls, clientCertificates } = deps
    const state = await stateOf(pathsOf(tls, clientCertificates))
    return new CertificateFiles(
      deps,
      tls === null ? null : await loadTls(tls),
      clientCertificates === null ? null : await ClientCertificates.load(clientCertificates),
      state,
    )
  }

  /** The certificate of the server. */
  get tls(): TlsMaterial | null {
    return this.#tls
  }

  /** When certificates and lists run out, in seconds since 1970. */
  get expirySeconds(): Readonly<Record<string, number>> {
    const { authorityMs = null, revocationListMs = null } = this.clientCertificates?.expiries ?? {}
    const times = {
      server: this.#tls?.expiresAtMs ?? null,
      clientAuthority: authorityMs,
      revocationList: revocationListMs,
    }
    return Object.fromEntries(
      Object.entries(times).flatMap(([name, ms]) => (ms === null ? [] : [[name, Math.floor(ms / 1_000)] as const])),
    )
  }

  /** Sentences about certificates that are out of date, or soon will be. */
  warnings(): string[] {
    const nowMs = this.#deps.clock.nowMs()
    const ofServer = this.#tls === null ? null : periodWarning(this.#tls, nowMs)
    return [...(ofServer === null ? [] : [ofServer]), ...(this.clientCertificates?.warnings(nowMs) ?? [])]
  }

  /** Looks for changed files from now on; `onRenewed` is called with each new certificate of the server. */
  watch(onRenewed: (tls: TlsMaterial) => void): void {
    this.#onRenewed = onRenewed
    this.#scheduleCheck()
  }

  stop(): void {
    this.#isStopped = true
    this.#cancelCheck()
  }

  /**
   * Reads all files again. Returns whether the certificate of the server has changed.
   *
   * @throws {StatorError} `SETTING_INVALID` for the first file that cannot be used; the others are taken over.
   */
  async renew(settings: TlsSettings | null): Promise<boolean> {
    const state = await stateOf(pathsOf(settings, this.#deps.clientCertificates))
    const [ofServer, ofClients] = await Promise.allSettled([
      this.#renewServer(settings),
      this.clientCertificates?.reload(),
    ])
    this.#readState = state
    for (const sentence of this.warnings()) this.#deps.log.warn(sentence)
    if (ofServer.status === 'rejected') throw ofServer.reason
    if (ofClients.status === 'rejected') throw ofClients.reason
    return ofServer.value
  }

  /** Reads the files again if they have changed since. */
  async check(): Promise<void> {
    const state = await stateOf(pathsOf(this.#tlsSettings, this.#deps.clientCertificates))
    if (state === this.#readState && this.#loggedState === '') return
    try {
      await this.renew(this.#tlsSettings)
      this.#loggedState = ''
      this.#deps.log.info('Files of certificates have changed; new connections are served by them.')
    } catch (error) {
      // A renewal may write key and certificate one after the other, so it is tried again.
      if (this.#loggedState !== state) {
        this.#deps.log.error(
          { error },
          'Files of certificates have changed and cannot be used; the earlier ones count.',
        )
      }
      this.#loggedState = state
    }
  }

  async #renewServer(settings: TlsSettings | null): Promise<boolean> {
    if (settings === null || this.#tls === null) return false
    const renewed = await loadTls(settings)
    this.#tlsSettings = settings
    if (this.#tls.cert === renewed.cert && this.#tls.key === renewed.key) return false
    this.#onRenewed(renewed)
    this.#tls = renewed
    return true
  }

  #scheduleCheck(): void {
    if (this.#isStopped) return
    this.#cancelCheck = this.#deps.clock.after(certificateFilesMs, () => {
      void this.check().finally(() => this.#scheduleCheck())
    })
  }
}

function pathsOf(tls: TlsSettings | null, clientCertificates: ClientCertificateSettings | null): string[] {
  return [
    tls?.certificatePath,
    tls?.keyPath,
    clientCertificates?.authorityPath,
    ...(clientCertificates?.revocationListPaths ?? []),
  ].filter((path) => path !== null && path !== undefined)
}

/** What changes with the files: also when a symbolic link on the way to them leads elsewhere. */
async function stateOf(paths: readonly string[]): Promise<string> {
  const states = paths.map(async (path) => {
    const { mtimeMs, size, ino } = await stat(path)
    return `${path} ${ino} ${mtimeMs} ${size}`
  })
  return (await Promise.all(states.map((state) => state.catch(() => 'none')))).join('\n')
}

function periodWarning({ subject, expiresAtMs, validFromMs }: TlsMaterial, nowMs: number): string | null {
  const certificate = `The certificate of this server (${subject.replaceAll('\n', ', ')})`
  const until = new Date(expiresAtMs).toISOString()
  if (nowMs < validFromMs)
    return `${certificate} is not valid before ${new Date(validFromMs).toISOString()}: charge points will not connect.`
  if (nowMs > expiresAtMs) return `${certificate} expired on ${until}: charge points will not connect.`
  return expiresAtMs - nowMs < certificateWarningMs ? `${certificate} expires on ${until}.` : null
}
