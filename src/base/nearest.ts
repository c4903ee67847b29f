// The name that was probably meant by a misspelt one.

/** The entry of `known` nearest to `given`, in any letter case; null if none is near. */
export function nearest(given: string, known: readonly string[]): string | null {
  const byDistance = known.map((key) => ({ key, distance: editDistance(given.toLowerCase(), key.toLowerCase()) }))
  byDistance.sort((a, b) => a.distance - b.distance)
  const best = byDistance[0]
  return best !== undefined && best.distance <= Math.max(1, Math.floor(best.key.length / 3)) ? best.key : null
}

/** Levenshtein distance between `a` and `b`. */
export function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (const [y, letter] of [...a].entries()) {
    const next = [y + 1]
    for (const [x, other] of [...b].entries()) {
      const replaced = (row[x] ?? 0) + (letter === other ? 0 : 1)
      next.push(Math.min(replaced, (row[x + 1] ?? 0) + 1, (next[x] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}
