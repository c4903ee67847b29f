// The path of a request as logs and security events show it: id tags are personal data.

/** Also mistyped: a path that is no route may name an id tag, too. A slash within an id tag belongs to it. */
const idTagInPath = /(\/id[-_]?(?:tags?|tokens?)\/+)[^/].*?(\/erase)?\/*$/is

/** `path` with `{idTag}` in the place of an id tag. */
export function shownPath(path: string): string {
  return path.replace(idTagInPath, '$1{idTag}$2')
}
