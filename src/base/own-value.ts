// Safe look-up of names that come from outside.

/** `table[key]` for own properties only, so not for inherited ones such as `constructor`. */
export function ownValue<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}
