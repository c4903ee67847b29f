// Guesses the password of one charge point, as fast as the central system answers.

import { handshakeAnswer } from './raw-charge-point.ts'

const atOnce = 16

/** Guesses from now on, on sixteen connections; the returned function ends it, and says how the guesses were answered. */
export function startGuessing(url: string, identity: string): () => Promise<Readonly<Record<number, number>>> {
  const answers: Record<number, number> = {}
  let isOver = false
  let guesses = 0
  const guess = async (): Promise<void> => {
    while (!isOver) {
      const { status } = await handshakeAnswer({ url, identity, password: `guess number ${guesses++}` })
      answers[status] = (answers[status] ?? 0) + 1
    }
  }
  const guessing = Promise.all(Array.from({ length: atOnce }, guess))
  return async () => {
    isOver = true
    await guessing
    return answers
  }
}
