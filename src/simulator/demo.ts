// `bun run demo`: a running Stator with six simulated charge points and a few id tags, so that there is something to
// see. It keeps its data in a folder of its own and can be restarted.

import { answerAtOnce, readFlags, UsageError } from '../base/command-line.ts'
import { systemClock } from '../base/clock.ts'
import { loadSettings, type Settings } from '../base/config.ts'
import { StatorError } from '../base/errors.ts'
import { createLogger } from '../base/log.ts'
import { makeFilesPrivate } from '../base/private-folder.ts'
import { onSignals } from '../base/signals.ts'
import { demoCommand, settingLines } from '../base/start-command.ts'
import { startStator, type Stator } from '../main.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import { SimulatedChargePoint } from './charge-point.ts'
import { drive } from './driver.ts'
import type { Observation } from './options.ts'

interface DemoChargePoint {
  readonly identity: string
  readonly version: OcppVersion
  readonly connectors: number
  readonly model: string
  readonly location: string
  /** Whether drivers come by themselves; if false, the charge point is for trying the REST API. */
  readonly isBusy: boolean
}

const demoChargePoints: readonly DemoChargePoint[] = [
  {
    identity: 'CP001',
    version: '1.6',
    connectors: 1,
    model: 'ChargePoint-X1000',
    location: 'Building A, Floor 1',
    isBusy: false,
  },
  {
    identity: 'CP002',
    version: '2.0.1',
    connectors: 2,
    model: 'ChargePoint-X2000',
    location: 'Building A, Floor 1',
    isBusy: true,
  },
  {
    identity: 'CP003',
    version: '1.6',
    connectors: 2,
    model: 'ChargePoint-X1000',
    location: 'Building A, Floor 2',
    isBusy: true,
  },
  {
    identity: 'CP004',
    version: '2.0.1',
    connectors: 1,
    model: 'ChargePoint-X2000',
    location: 'Building B, Garage',
    isBusy: false,
  },
  {
    identity: 'CP005',
    version: '1.6',
    connectors: 2,
    model: 'ChargePoint-X1000',
    location: 'Building B, Garage',
    isBusy: true,
  },
  {
    identity: 'CP006',
    version: '2.0.1',
    connectors: 2,
    model: 'ChargePoint-X2000',
    location: 'Parking lot, North',
    isBusy: true,
  },
]

const demoPassword = 'secretpassword'

const demoIdTags = [
  { idTag: 'USER123', status: 'Accepted', parentIdTag: 'PARENT001' },
  { idTag: 'USER456', status: 'Accepted' },
  { idTag: 'USER789', status: 'Accepted' },
  { idTag: 'BLOCKED1', status: 'Blocked' },
] as const

/** Wait between two samples of a transaction, in seconds: short, so that there is something to watch. */
const demoSampleSeconds = 10

export interface Demo {
  readonly stator: Stator
  readonly stations: readonly SimulatedChargePoint[]
  stop(): Promise<void>
}

/**
 * Starts Stator, on a free port if its own is in use. Creates its charge points and id tags through the REST API if
 * they do not exist, and switches the charge points on; resolves once all of them are accepted.
 *
 * @param print is called with a line for every event worth showing.
 */
export async function startDemo(settings: Settings, print: (line: string) => void): Promise<Demo> {
  const { host, port } = settings.ocpp
  const isTaken = port !== 0 && isInUse(host, port)
  if (isTaken) print(`Port ${port} is in use, by bun start or another program: the demo takes a free one.`)
  const stator = await startStator(isTaken ? { ...settings, ocpp: { ...settings.ocpp, port: 0 } } : settings)
  const stops: (() => void)[] = []
  const stop = async (): Promise<void> => {
    for (const each of stops.splice(0).toReversed()) each()
    await stator.stop()
  }
  try {
    for (const { identity, location } of demoChargePoints) {
      await provision(stator, '/api/chargepoints', { chargePointId: identity, password: demoPassword, location })
    }
    for (const idTag of demoIdTags) await provision(stator, '/api/id-tags', idTag)

    const stations = demoChargePoints.map(({ identity, version, connectors, model, isBusy }) => {
      const station = new SimulatedChargePoint({
        url: stator.ocppUrl,
        identity,
        version,
        password: demoPassword,
        connectors,
        model,
        firmwareVersion: '1.2.3',
        observe: (observation) => {
          const text = described(observation)
          if (text !== null) print(`${identity}  ${text}`)
        },
      })
      const interval = station.settings.byKey('MeterValueSampleInterval')
      if (interval !== undefined) interval.value = String(demoSampleSeconds)
      stops.push(() => station.stop())
      if (isBusy) {
        const idTags = demoIdTags.map(({ idTag }) => idTag)
        stops.push(drive(station, { clock: systemClock, random: Math.random, idTags }))
      }
      return station
    })
    await Promise.all(stations.map((station) => station.start()))
    return { stator, stations, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function isInUse(hostname: string, port: number): boolean {
  try {
    Bun.listen({ hostname, port, socket: { data: () => {} } }).stop(true)
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
  }
}

/** Creates a resource, unless it exists already. */
async function provision(stator: Stator, path: string, body: object): Promise<void> {
  const response = await fetch(`${stator.url}${path}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-API-Key': stator.adminApiKey },
    body: JSON.stringify(body),
  })
  if (response.ok || response.status === 409) return
  throw new Error(`POST ${path} answered ${response.status}: ${await response.text()}`)
}

/** An observation in a few words; null if it is not worth a line. */
export function described(observation: Observation): string | null {
  switch (observation.kind) {
    case 'booted':
      return `boot ${observation.status}`
    case 'status':
      return `connector ${observation.connectorId} is ${observation.status}`
    case 'started': {
      const { connectorId, idTag } = observation.transaction
      return `connector ${connectorId} charges for ${idTag}: ${observation.authorization.status}`
    }
    case 'stopped': {
      const kWh = (observation.energyWh / 1000).toFixed(2)
      return `connector ${observation.transaction.connectorId} stopped (${observation.reason}) after ${kWh} kWh`
    }
    case 'command':
      return `obeys ${observation.action}: ${JSON.stringify(observation.answer).slice(0, 80)}`
    case 'disconnected':
      return `disconnected (${observation.code})`
    case 'failed':
      return observation.error.message
    default:
      return null
  }
}

function introduction({ url, ocppUrl, adminApiKey }: Stator): string {
  const asJson = `-H 'Content-Type: application/json'`
  return `
Stator runs with ${demoChargePoints.length} simulated charge points at ${ocppUrl}.

Admin API key   ${adminApiKey}
Documentation   ${url}/docs

Try, in another terminal:
  curl -H 'X-API-Key: ${adminApiKey}' ${url}/api/chargepoints
  curl -H 'X-API-Key: ${adminApiKey}' ${url}/api/transactions
  curl -u CP001:${demoPassword} ${url}/api/chargepoints/CP001/status
  curl -u CP001:${demoPassword} ${asJson} -d '{"connectorId": 1, "idTag": "USER123"}' ${url}/api/chargepoints/CP001/start-transaction
  curl -u CP001:${demoPassword} ${url}/api/chargepoints/CP001/configuration

CP001 and CP004 wait for you; drivers come to the others. Ctrl-C ends the demo.
`
}

/** A database of its own, whatever the settings of the real Stator are. */
const dataFolder = './data/demo'

async function main(): Promise<void> {
  const argv = process.argv.slice(2)
  const answer = answerAtOnce(argv, demoCommand, settingLines())
  if (answer !== null) return console.log(answer)
  readFlags(argv, demoCommand)
  makeFilesPrivate()
  const inTerminal = process.stdout.isTTY
  const settings = loadSettings({
    argv,
    env: {
      Logging__LogLevel__Default: inTerminal ? 'Warning' : 'Information',
      OCPP__HeartbeatInterval: '30',
      ...process.env,
      Database__Provider: 'Embedded',
      Database__ConnectionString: '',
      Database__DataFolder: dataFolder,
    },
  })
  const log = createLogger(settings.logLevels)
  // As with `bun start`: without a terminal, standard output has log lines only, and no key.
  const print = inTerminal
    ? (line: string) => console.log(`${new Date().toLocaleTimeString()}  ${line}`)
    : (line: string) => log.info(line)
  print(`The demo keeps its data in ${dataFolder}, apart from that of bun start. Its first start takes some seconds.`)
  const demo = await startDemo(settings, print)
  onSignals({ stop: () => demo.stop(), reload: null, fail })
  if (inTerminal) console.log(introduction(demo.stator))
  else log.info({ url: demo.stator.url }, 'The demo is running.')
}

function fail(error: unknown): void {
  console.error(error instanceof StatorError || error instanceof UsageError ? error.message : error)
  process.exit(1)
}

if (import.meta.main) await main().catch(fail)
