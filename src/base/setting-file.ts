// Files that settings name: how they are read, and the sentence that refuses one.

import { readFile } from 'node:fs/promises'
import { StatorError } from './errors.ts'

/** The content of the file `path` of `setting`. @throws {StatorError} `SETTING_INVALID` if it cannot be read. */
export async function readSettingFile(setting: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? String(error.code) : String(error)
    throw settingFileRefused(setting, path, `expected a file that this process may read (${reason})`, error)
  }
}

/** The error for the file of a setting: `complaint` ends the sentence, and says what was expected. */
export function settingFileRefused(setting: string, path: string, complaint: string, cause?: unknown): StatorError {
  return new StatorError('SETTING_INVALID', `${setting} is "${path}": ${complaint}.`, undefined, cause)
}

/** The certificates of a PEM text, in its order. */
export function pemCertificates(text: string): string[] {
  return text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? []
}
