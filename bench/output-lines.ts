// What a child process prints, line by line.

/** The complete lines of `output`, without their ends. */
export async function* linesOf(output: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of output) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

/**
 * The first value other than null that `look` makes of a line; null if the output ends before. The output is still
 * read to its end afterwards, so that the process never waits for a reader.
 */
export function firstOf<T>(output: ReadableStream<Uint8Array>, look: (line: string) => T | null): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const read = async (): Promise<void> => {
      for await (const line of linesOf(output)) {
        const value = look(line)
        if (value !== null) resolve(value)
      }
      resolve(null)
    }
    read().catch(reject)
  })
}
