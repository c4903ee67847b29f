// The path of a request as logs and security events show it: id tags are personal data.

const idTagInPath = /^(\/api\/id-tags\/)[^/]+/

/** `path` with `{idTag}` in the place of an id tag. */
export function shownPath(path: string): string {
  return path.replace(idTagInPath, '$1{idTag}')
}
