// The name that was probably meant by a misspelt one.

/** The entry of `known` nearest to `given`, in any letter case; null if none is near. */
export function nearest(given: string, known: readonly string[]): string | null {
  const byDistance = known.map((key) => ({ key, distance: editDistance(given.toLowerCase(), key.toLowerCase()) }))
  byDistance.sort((a, b) => a.distance - b.distance)
  const best = byDistance[0]
  return best !== undefined && best.distance <= Math.max(1, Math.floor(best.key.length / 3)) ? best.key : null
}

/** How many letters have to be put in, left out, replaced, or swapped with the next one, to get from `a` to `b`. */
export function editDistance(a: string, b: string): number {
  const from = [...a]
  const to = [...b]
  let before: number[] = []
  let row = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (const [y, letter] of from.entries()) {
    const next = [y + 1]
    for (const [x, other] of to.entries()) {
      const replaced = (row[x] ?? 0) + (letter === other ? 0 : 1)
      const isSwap = y > 0 && x > 0 && letter === to[x - 1] && from[y - 1] === other
      const swapped = isSwap ? (before[x - 1] ?? 0) + 1 : Number.POSITIVE_INFINITY
      next.push(Math.min(replaced, swapped, (row[x + 1] ?? 0) + 1, (next[x] ?? 0) + 1))
    }
    before = row
    row = next
  }
  return row[to.length] ?? 0
}
