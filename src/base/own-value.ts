// Looking up what strangers name.

/** `table[key]`, but nothing that every object has without being given it, such as `constructor`. */
export function ownValue<T>(table: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined
}
