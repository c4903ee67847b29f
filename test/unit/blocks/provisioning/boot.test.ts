import { describe, expect, test } from 'bun:test'
import { bootNotification16, bootNotification201 } from '../../../../src/blocks/provisioning/boot.ts'
import { arrivalMs, chargePoint, decide } from '../../../support/known.ts'

const boot16 = { chargePointVendor: 'V', chargePointModel: 'M' }
const boot201 = { reason: 'PowerUp' as const, chargingStation: { vendorName: 'V', model: 'M' } }

const accepted = { bootStatus: 'Accepted' as const, lastBootAtMs: arrivalMs }

describe('BootNotification', () => {
  test.each(['Accepted', 'Pending', 'Rejected'] as const)(
    'is answered %s when operators want the charge point to be, and moves its actor there',
    (registrationStatus) => {
      const decision = decide(bootNotification16, boot16, {
        nowMs: Date.UTC(2026, 0, 1, 12),
        heartbeatIntervalSeconds: 77,
        chargePoint: { ...chargePoint, registrationStatus },
      })
      expect(decision.answer).toEqual({
        status: registrationStatus,
        currentTime: '2026-01-01T12:00:00.000Z',
        interval: 77,
      })
      expect(decision.changes[0]).toMatchObject({ table: 'chargePoints', patch: { bootStatus: registrationStatus } })
      expect(decision.changes[0]).toMatchObject({ patch: { lastBootAtMs: arrivalMs } })
    },
  )

  test('is stored as it was sent, as an event without a time: each boot is a new event', () => {
    const decision = decide(bootNotification16, boot16, { sent: { ...boot16, odd: 1 } })
    expect(decision.changes).toContainEqual({
      table: 'chargePointEvents',
      row: { action: 'BootNotification', occurredAtMs: null, payload: { ...boot16, odd: 1 } },
    })
  })

  test('of 1.6 sets the fields of the charge point; its own serial number is preferred to that of the box', () => {
    const more = { firmwareVersion: '1.2', iccid: 'I', imsi: 'J', chargeBoxSerialNumber: 'BOX' }
    const [change] = decide(bootNotification16, { ...boot16, ...more }).changes
    const sent = { vendor: 'V', model: 'M', serialNumber: 'BOX', firmwareVersion: '1.2', iccid: 'I', imsi: 'J' }
    expect(change).toEqual({ table: 'chargePoints', patch: { ...accepted, ...sent } })
    const both = { ...boot16, ...more, chargePointSerialNumber: 'POINT' }
    expect(decide(bootNotification16, both).changes[0]).toMatchObject({ patch: { serialNumber: 'POINT' } })
  })

  test('of 2.0.1 sets the same fields, with those of the modem; a missing field becomes null', () => {
    const modem = { iccid: 'I', imsi: 'J' }
    const chargingStation = { ...boot201.chargingStation, serialNumber: 'S', firmwareVersion: '1.2', modem }
    expect(decide(bootNotification201, { ...boot201, chargingStation }).changes[0]).toEqual({
      table: 'chargePoints',
      patch: {
        ...{ ...accepted, vendor: 'V', model: 'M' },
        ...{ serialNumber: 'S', firmwareVersion: '1.2', iccid: 'I', imsi: 'J' },
      },
    })
    const nothing = { serialNumber: null, firmwareVersion: null, iccid: null, imsi: null }
    expect(decide(bootNotification201, boot201).changes[0]).toMatchObject({ patch: nothing })
  })
})
