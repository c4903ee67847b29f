// Long loops that give way to the rest of the event loop.

/** Calls `each` for every item, in order. After `itemsPerTurn` items the other work of the event loop has its turn. */
export async function inTurns<T>(
  items: readonly T[],
  itemsPerTurn: number,
  each: (item: T, index: number) => void,
): Promise<void> {
  for (const [index, item] of items.entries()) {
    if (index > 0 && index % itemsPerTurn === 0) await nextTurn()
    each(item, index)
  }
}

/** Resolves after what waits in the event loop now. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

/** `items` in parts of `itemsMax`, the last one with the rest. */
export function piecesOf<T>(items: readonly T[], itemsMax: number): T[][] {
  const pieces: T[][] = []
  for (let at = 0; at < items.length; at += itemsMax) pieces.push(items.slice(at, at + itemsMax))
  return pieces
}
