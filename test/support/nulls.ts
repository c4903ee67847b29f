// Columns without a reported value.

/** Null under each of the names. */
export function nulls<Name extends string>(names: readonly Name[]): { [N in Name]: null } {
  return Object.fromEntries(names.map((name) => [name, null])) as { [N in Name]: null }
}
