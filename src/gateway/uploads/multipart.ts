// The file in a body of multipart/form-data (RFC 7578), as it streams by: the content of the first part that has a file
// name. Nothing is kept but the last bytes, in which a boundary may have begun.

import { StatorError } from '../../base/errors.ts'
import { multipartHeaderBytesMax } from '../../base/limits.ts'

/** The boundary that a content type names; null: it is no multipart form. */
export function boundaryOf(contentType: string | null): string | null {
  const found = /^\s*multipart\/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(
    contentType ?? '',
  )
  return found?.[1] ?? found?.[2] ?? null
}

/** The file name of a Content-Disposition header; null: it has none. */
export function fileNameIn(disposition: string | null): string | null {
  const found = /;\s*filename=(?:"([^"]*)"|([^\s;]+))/i.exec(disposition ?? '')
  return found?.[1] ?? found?.[2] ?? null
}

function malformed(what: string): StatorError {
  return new StatorError('BAD_REQUEST', `The multipart form is malformed: ${what}`)
}

/**
 * The content of the file in the form that `pieces` are. `onName` gets its name before the first piece of it.
 *
 * @throws {StatorError} `BAD_REQUEST` if there is no file, or the form ends before the file does.
 */
export async function* fileInForm(
  pieces: AsyncIterable<Uint8Array>,
  boundary: string,
  onName: (name: string) => void,
): AsyncGenerator<Uint8Array> {
  // The line break before a boundary belongs to it. The first one may have none.
  const delimiter = Buffer.from(`\r\n--${boundary}`)
  let held = Buffer.from('\r\n')
  let state: 'between' | 'header' | 'file' | 'after' = 'between'
  for await (const piece of pieces) {
    if (state === 'after') continue
    held = Buffer.concat([held, piece])
    for (;;) {
      if (state === 'header') {
        const end = held.indexOf('\r\n\r\n')
        if (end < 0 && held.length > multipartHeaderBytesMax) throw malformed('the header of a part is too long')
        // `--` instead of a header: the form ends here.
        if (end < 0 && !held.subarray(0, 2).equals(lastMark)) break
        const name = end < 0 ? null : fileNameIn(dispositionIn(held.subarray(0, end).toString('utf8')))
        if (end < 0) throw malformed('no part of it has a file name')
        held = held.subarray(end + 2)
        state = name === null ? 'between' : 'file'
        if (name === null) continue
        held = held.subarray(2)
        onName(name)
      }
      const at = held.indexOf(delimiter)
      const until = at < 0 ? Math.max(0, held.length - delimiter.length + 1) : at
      if (state === 'file' && until > 0) yield held.subarray(0, until)
      held = held.subarray(at < 0 ? until : at + delimiter.length)
      if (at < 0) break
      state = state === 'file' ? 'after' : 'header'
      if (state === 'after') break
    }
  }
  if (state !== 'after') throw malformed('it ends before its file does, or no part of it has a file name')
}

const lastMark = Buffer.from('--')

function dispositionIn(header: string): string | null {
  return /^content-disposition:(.*)$/im.exec(header)?.[1] ?? null
}
