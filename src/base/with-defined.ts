// Objects without the fields that are undefined.

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> }

/** `fields` without those that are undefined. */
export function withDefined<T extends object>(fields: T): Defined<T> {
  const defined: Defined<T> = { ...fields }
  for (const key in defined) if (defined[key] === undefined) delete defined[key]
  return defined
}
