// A port for a server that a test starts as a process of its own.

import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

const firstPort = 10_000
const tries = 100

/** Ports that this process has given away: a server that is started again finds its port free, though it was down. */
const given = new Set<number>()

/**
 * A port that nobody has now, and that the system gives to nobody who does not ask for it: it lies below the ports from
 * which outgoing connections leave. One of those could take the port of a server that is down for a moment.
 */
export async function freePort(): Promise<number> {
  for (let i = 0; i < tries; i++) {
    const port = randomInt(firstPort, firstOutgoingPort())
    if (given.has(port) || !(await isFree(port))) continue
    given.add(port)
    return port
  }
  throw new Error(`No free port from ${firstPort} to ${firstOutgoingPort()} in ${tries} tries.`)
}

/** The first port from which an outgoing connection may leave; 32,768 is Linux's default. */
function firstOutgoingPort(): number {
  try {
    const [first] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').split('\t')
    return Math.max(firstPort + tries, Number(first))
  } catch {
    return 32_768
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
