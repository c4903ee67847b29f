// Waits for a condition instead of for time to pass: looks again and again, and says what it waited for when it gives up.

/** Longest wait unless a test says otherwise, in milliseconds. Only a failing test ever gets there. */
const deadlineMsDefault = 10_000

/**
 * Resolves with the first value of `look` that is neither false, null nor undefined.
 *
 * @param what ends the sentence `Waited 10000 ms for …`.
 */
export async function until<T>(
  what: string,
  look: () => T | Promise<T>,
  deadlineMs = deadlineMsDefault,
): Promise<Exclude<Awaited<T>, false | null | undefined>> {
  const endMs = performance.now() + deadlineMs
  for (;;) {
    const value = await look()
    if (value !== false && value !== null && value !== undefined) {
      return value as Exclude<Awaited<T>, false | null | undefined>
    }
    if (performance.now() > endMs) throw new Error(`Waited ${deadlineMs} ms for ${what}.`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

/** `promise`, or an error that says what did not happen in time. */
export async function within<T>(what: string, promise: Promise<T>, deadlineMs = deadlineMsDefault): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`Waited ${deadlineMs} ms for ${what}.`)), deadlineMs)
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
