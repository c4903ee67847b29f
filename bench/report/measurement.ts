// One measurement, as lines for a terminal.

import { socketKindName } from '../generator/sockets.ts'
import { cpuUsPerMessage, generatorLagMsMax, type Measurement, strangersShareMax } from '../measure.ts'
import type { StormResult } from '../storm.ts'

/** Throughput, latency, and the cost of each process. */
export function measurementLines(measurement: Measurement): string[] {
  const { messages, messagesPerSecond, latencyMs, server, database, generator, seconds } = measurement
  const lines = ['']
  const add = (name: string, text: string): void => {
    lines.push(`${name.padEnd(14)} ${text}`)
  }
  const actions = Object.entries(measurement.byAction).map(([action, count]) => `${action} ${count}`)
  add(
    'answered',
    `${messages} in ${seconds.toFixed(1)} s = ${messagesPerSecond.toFixed(0)}/s   (${actions.join(', ')})`,
  )
  if (latencyMs !== null) {
    const { p50, p90, p99, p999, max } = latencyMs
    const from = measurement.loop.kind === 'open' ? 'from when it was due' : 'from when it was sent'
    const ms = [p50, p90, p99, p999, max].map((value) => value.toFixed(2))
    add('latency', `p50 ${ms[0]}  p90 ${ms[1]}  p99 ${ms[2]}  p99.9 ${ms[3]}  max ${ms[4]} ms, ${from}`)
  }
  const perMessage = (whose: 'server' | 'database' | 'both'): string =>
    messages === 0 ? 'no message' : `${cpuUsPerMessage(measurement, whose, messages)?.toFixed(2) ?? '?'} µs a message`
  if (server !== null) {
    add('server CPU', `${perMessage('server')}   (${percent(server.cpuMs / seconds / 1_000)} of a core)`)
    for (const thread of server.threads.slice(0, 8)) {
      const share = server.cpuMs === 0 ? 0 : thread.cpuMs / server.cpuMs
      const us = messages === 0 ? 0 : (thread.cpuMs * 1_000) / messages
      add('', `${thread.isMain ? 'main thread' : thread.name}: ${us.toFixed(2)} µs a message, ${percent(share)}`)
    }
    add('server memory', `${(server.residentKib / 1_024).toFixed(0)} MiB resident`)
  }
  if (database !== null) {
    add('database CPU', `${perMessage('database')}   (${percent(database.cpuMs / seconds / 1_000)} of a core)`)
    add('both', perMessage('both'))
  }
  add('generator', socketKindName(generator.sockets))
  add(
    'generator CPU',
    `${((generator.cpuMs * 1_000) / Math.max(1, messages)).toFixed(2)} µs a message   (${percent(generator.cpuMs / seconds / 1_000)} of a core)`,
  )
  if (measurement.serverCoreBusy !== null && measurement.otherCoreBusy !== null)
    add(
      'cores',
      `server ${percent(measurement.serverCoreBusy)}, generator and database ${percent(measurement.otherCoreBusy)}`,
    )
  if (measurement.strangersShare !== null && measurement.strangersShare > strangersShareMax)
    add('', `other processes took ${percent(measurement.strangersShare)} of a core: run it again when it is quiet`)
  add('bottleneck', bottleneckSentence(measurement))
  if (measurement.invalid !== null) add('INVALID', `${measurement.invalid}: these figures say nothing about the server`)
  for (const [reason, count] of Object.entries(measurement.errors)) add('ERROR', `${count} × ${reason}`)
  if (!measurement.isSettled) add('ERROR', 'some answers did not come within half a minute')
  return lines
}

function bottleneckSentence({ bottleneck, generator }: Measurement): string {
  switch (bottleneck) {
    case 'server':
      return 'the server: its core was full'
    case 'generator':
      return `the GENERATOR: its core was full or it sent late (p99 ${(generator.lagMs?.p99 ?? 0).toFixed(1)} ms, ${generatorLagMsMax} at most); the server can take more`
    case 'generator and database':
      return 'the core that generator and database share was full; the server can take more'
    case 'nobody':
      return 'nobody: neither server, generator nor database filled a core'
  }
}

/** How a storm went. */
export function stormLines({ stations, readyMs, residentKibBefore, residentKibPeak, errors }: StormResult): string[] {
  const mib = (kib: number): string => `${(kib / 1_024).toFixed(0)} MiB`
  const came =
    readyMs === null
      ? `not all of ${stations} stations came back`
      : `${stations} stations came back and booted in ${(readyMs / 1_000).toFixed(2)} s` +
        ` (${((stations * 1_000) / readyMs).toFixed(0)}/s)`
  return [
    '',
    `${'storm'.padEnd(14)} ${came}`,
    ...(residentKibPeak === 0
      ? []
      : [`${'server memory'.padEnd(14)} ${mib(residentKibBefore)} before, ${mib(residentKibPeak)} at the peak`]),
    ...Object.entries(errors).map(([reason, count]) => `${'ERROR'.padEnd(14)} ${count} × ${reason}`),
  ]
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}
