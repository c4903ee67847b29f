// The values of the section `Uploads`.

import type { SettingsDocument } from './settings-schema.ts'
import { type FoundSettings, from, invalid } from './settings-sources.ts'
import { publicUrlCharactersMax } from './upload-section.ts'

export interface UploadSettings {
  /** Without a slash at its end; null: there is no upload server. */
  readonly publicUrl: string | null
  /** 0 selects a free one. */
  readonly port: number
  /** Whether it is encrypted, if the gateway is. */
  readonly isEncrypted: boolean
  /** Of one file. */
  readonly fileBytesMax: number
  readonly atOnceMax: number
  /** Retention of files. */
  readonly days: number
}

/** @throws {StatorError} `SETTING_INVALID` for a URL that charge points cannot use. */
export function uploadSettings(
  uploads: SettingsDocument['Uploads'],
  ocpp: { readonly port: number; readonly tls: object | null },
  found: FoundSettings,
): UploadSettings {
  const { PublicUrl: publicUrl, Port: port } = uploads
  if (publicUrl !== '') requireUrl(publicUrl, found)
  if (publicUrl !== '' && port !== 0 && port === ocpp.port) {
    throw invalid(
      `Uploads.Port is ${port}${from('Uploads.Port', found)}, as OCPP.ServerPort${from('OCPP.ServerPort', found)}: ` +
        'expected another port, since the upload server is one of its own.',
    )
  }
  return {
    publicUrl: publicUrl === '' ? null : publicUrl.replace(/\/+$/, ''),
    port,
    isEncrypted: uploads.EnableSSL && ocpp.tls !== null,
    fileBytesMax: uploads.MaxMegabytes * 1_048_576,
    atOnceMax: uploads.AtOnce,
    days: uploads.Days,
  }
}

function requireUrl(publicUrl: string, found: FoundSettings): void {
  const url = URL.parse(publicUrl)
  const isPlain = url !== null && `${url.username}${url.password}${url.search}${url.hash}` === ''
  if (isPlain && /^https?:$/.test(url.protocol) && publicUrl.length <= publicUrlCharactersMax) return
  throw invalid(
    `Uploads.PublicUrl${from('Uploads.PublicUrl', found)} (not shown, it may hold a password) cannot be used: expected ` +
      `an http or https URL of at most ${publicUrlCharactersMax} characters, without user, query and fragment.`,
  )
}
