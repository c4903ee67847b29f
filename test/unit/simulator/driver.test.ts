import { afterEach, beforeEach, expect, test } from 'bun:test'
import { SimulatedChargePoint } from '../../../src/simulator/charge-point.ts'
import { drive } from '../../../src/simulator/driver.ts'
import { FakeCentralSystem } from '../../support/fake-central-system.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { until } from '../../support/until.ts'

let clock: HandClock
let central: FakeCentralSystem
let station: SimulatedChargePoint
let leave: () => void

beforeEach(async () => {
  clock = new HandClock()
  central = new FakeCentralSystem('1.6')
  station = new SimulatedChargePoint({ url: central.url, identity: 'CP001', version: '1.6', clock, random: () => 0.5 })
  await station.start()
  leave = drive(station, { clock, random: () => 0.5, idTags: ['USER123', 'USER456'] })
})

afterEach(() => {
  leave()
  station.stop()
  central.stop()
})

/** Lets seconds pass until `action` has come in `count` times. */
function driveUntil(action: string, count: number): Promise<readonly Record<string, unknown>[]> {
  return until(`${count} ${action}`, () => {
    clock.pass(1_000)
    return central.payloads(action).length >= count ? central.payloads(action) : null
  })
}

test('drivers come, ask, charge, stop and make room for the next', async () => {
  const [start] = await driveUntil('StartTransaction', 1)
  expect(start).toMatchObject({ connectorId: 1, idTag: 'USER456' })
  expect(central.payloads('Authorize')).toEqual([{ idTag: 'USER456' }])
  const [stop] = await driveUntil('StopTransaction', 1)
  expect(stop).toMatchObject({ reason: 'Local', idTag: 'USER456' })
  expect(Number(stop?.['meterStop'])).toBeGreaterThan(Number(start?.['meterStart']))
  await driveUntil('StartTransaction', 2)
})

test('a driver whose tag is refused leaves without a transaction', async () => {
  central.answers['Authorize'] = () => ({ idTagInfo: { status: 'Blocked' } })
  await driveUntil('Authorize', 2)
  expect(central.payloads('StartTransaction')).toEqual([])
})

test('no driver comes to a connector that is out of order', async () => {
  station.setStatus(1, 'Faulted')
  clock.pass(600_000)
  expect(station.connector(1)?.car).toBeNull()
})

test('what an operator started is ended after a while, too', async () => {
  await central.command('RemoteStartTransaction', { connectorId: 1, idTag: 'REMOTE' })
  const [stop] = await driveUntil('StopTransaction', 1)
  expect(stop).toMatchObject({ idTag: 'REMOTE' })
})

test('nothing happens any more once the drivers are stopped', () => {
  leave()
  clock.pass(600_000)
  expect(station.connector(1)?.car).toBeNull()
})
