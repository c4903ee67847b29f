// A connected charge point that reads once more what is stored of it, because another node may have changed it.

import { describe, expect, test } from 'bun:test'
import type { Hydration } from '../../../src/blocks/records.ts'
import { Registry } from '../../../src/station/registry.ts'
import { FakeSocket } from '../../support/fake-socket.ts'
import { committedByOperator, openStation, stationDeps } from '../../support/fake-station.ts'
import { connectorStatus } from '../../support/changes.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { hydration } from '../../support/hydration.ts'
import { chargePoint, openTransaction } from '../../support/known.ts'
import { resultAnswer } from '../../support/read-answer.ts'

const first = { evseId: 1, connectorId: 1 }

function house() {
  const clock = new HandClock()
  const registry = new Registry({ clock, newMessageId: () => 'ours' })
  const connect = (parts: Partial<Hydration> = {}) => {
    const station = registry.connect(hydration(parts), openStation(new FakeSocket(), stationDeps(clock, registry)))
    return { station, live: station.live }
  }
  return { registry, connect }
}

describe('a connected charge point', () => {
  test('restarts from what is stored, with its own version, and its CALLs continue', async () => {
    const { registry, connect } = house()
    const { station, live } = connect({ openTransactions: [{ ...openTransaction, chargingState: null }] })
    live.apply([connectorStatus(1, 'Charging')])
    const call = station.call('Reset', { type: 'Soft' })
    const stored = hydration({
      chargePoint: { ...chargePoint, version: '2.0.1', bootStatus: 'Rejected' },
      connectors: [{ ...first, status: 'Faulted' }],
    })
    live.isDoubtful = true
    await registry.rehydrate(station, async () => stored)
    expect(live.connectors()).toEqual([{ ...first, status: 'Faulted' }])
    expect(live.openTransactions()).toEqual([])
    expect([live.chargePoint.version, live.gate(false, false)]).toEqual([chargePoint.version, 'refuse'])
    expect([live.isDoubtful, live.isOvertaken]).toEqual([false, false])
    expect(station.answer('ours', resultAnswer({ status: 'Accepted' }))).toBe(true)
    expect(await call).toMatchObject({ kind: 'result' })
  })

  test('is moved by what is committed while it is read again, and stays in doubt when that fails', async () => {
    const { registry, connect } = house()
    const { station, live } = connect()
    await registry.rehydrate(station, async () => {
      registry.take(committedByOperator(chargePoint, connectorStatus(1, 'Charging')))
      return hydration()
    })
    expect(live.connector(first)?.status).toBe('Charging')
    registry.doubt(chargePoint)
    await expect(registry.rehydrate(station, () => Promise.reject(new Error('away')))).rejects.toThrow('away')
    expect(live.isDoubtful).toBe(true)
  })

  test('is overtaken once a newer connection is stored, and stays in doubt', async () => {
    const { registry, connect } = house()
    const { station, live } = connect({ epoch: 4 })
    await registry.rehydrate(station, async () => hydration({ epoch: 5 }))
    expect([live.isOvertaken, live.isDoubtful]).toEqual([true, true])
  })
})
