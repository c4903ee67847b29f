// The cost of a bare commit: the yardstick for the latency of everything that waits for one.

import { Client } from 'pg'
import { Recorder, type Percentiles } from '../generator/latency.ts'

/** Latencies of `count` one-row INSERTs, one after the other, each a transaction; null if `count` is 0. */
export async function bareCommits(databaseUrl: string, count: number): Promise<Percentiles | null> {
  const client = new Client({ connectionString: databaseUrl })
  await client.connect()
  try {
    await client.query('CREATE TABLE IF NOT EXISTS bare_commits (number integer NOT NULL)')
    const recorder = new Recorder()
    for (let number = 0; number < count; number++) {
      const startedMs = performance.now()
      await client.query({ name: 'bare', text: 'INSERT INTO bare_commits VALUES ($1)', values: [number] })
      recorder.answered('INSERT', performance.now() - startedMs, 0)
    }
    return recorder.takeSlice().latencyMs
  } finally {
    await client.end()
  }
}
