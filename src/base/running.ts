// What a process of Stator says and does around its parts: at the start, in a terminal, and when its settings are to be
// read again.

import { existsSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { loadSettings, sectionsThatNeedRestart, type Settings, type TlsSettings } from './config.ts'
import type { AdjustableLogger } from './log.ts'

/** What a running Stator shows of itself; `Stator` of `main.ts` is one. */
export interface Shown {
  readonly url: string
  readonly ocppUrl: string
  readonly adminApiKey: string
  readonly adminApiKeyIsNew: boolean
  readonly adminApiKeyFile: string | null
}

/** What can be reloaded of a running Stator. */
interface Reloadable {
  renewCertificates(settings: TlsSettings | null): Promise<boolean>
}

/** What a start is about to do; the first one with the embedded database takes seconds. */
export function startSentence({ database: { provider, dataFolder } }: Settings): string {
  if (provider === 'PostgreSQL') return 'Stator starts: it opens the database.'
  return existsSync(join(dataFolder, 'postgres'))
    ? 'Stator starts: it opens its embedded database.'
    : 'Stator starts for the first time: it makes its embedded database, which takes some seconds.'
}

/** IP addresses of this machine. */
export function addressesOfThisMachine(): string[] {
  return Object.values(networkInterfaces()).flatMap((each) => (each ?? []).map(({ address }) => address))
}

/** The lines for somebody who has started Stator in a terminal. */
export function bannerLines(stator: Shown, { database }: Settings): string[] {
  const { url, ocppUrl, adminApiKey, adminApiKeyIsNew, adminApiKeyFile } = stator
  return [
    `REST API       ${url}   (read ${url}/docs)`,
    `Charge points  ${ocppUrl}/{identity}`,
    ...(database.provider === 'Embedded'
      ? [
          'Database       embedded: it survives a crash of the process, not a power cut. Set Database.ConnectionString for PostgreSQL.',
        ]
      : []),
    adminApiKeyIsNew
      ? `Admin API key  ${adminApiKey}   (shown once, kept in ${adminApiKeyFile})`
      : `Admin API key  in ${adminApiKeyFile ?? 'Security.AdminApiKey'}`,
  ]
}

/** Takes over log levels and the certificate; other changes wait for the next start. */
export async function reloadSettings(
  stator: Reloadable,
  running: Settings,
  log: AdjustableLogger,
  argv: readonly string[],
): Promise<void> {
  try {
    const settings = loadSettings({ argv, env: process.env })
    log.setLevels(settings.logLevels)
    const isRenewed = await stator.renewCertificates(settings.ocpp.tls)
    log.info(
      isRenewed
        ? 'Settings were read again: log levels are set, and new connections get the new certificate.'
        : 'Settings were read again, and log levels are set.',
    )
    for (const setting of sectionsThatNeedRestart(running, settings))
      log.warn({ setting }, 'Settings of this section have changed, and take effect at the next start.')
  } catch (error) {
    log.error({ error }, 'Settings cannot be read again; Stator goes on with those it has.')
  }
}
