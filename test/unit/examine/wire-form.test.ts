import { expect, test } from 'bun:test'
import { wireForm } from '../../../src/examine/wire-form.ts'

test('members are sent in the order of the schema, at every depth; those that it does not name come last', () => {
  const given = {
    csChargingProfiles: {
      chargingSchedule: { chargingSchedulePeriod: [{ limit: 16, startPeriod: 0 }], chargingRateUnit: 'A' },
      chargingProfileId: 1,
      chargingProfileKind: 'Absolute',
      chargingProfilePurpose: 'TxDefaultProfile',
      stackLevel: 0,
    },
    connectorId: 1,
  }
  expect(JSON.stringify(wireForm('1.6', 'SetChargingProfile', given))).toBe(
    '{"connectorId":1,"csChargingProfiles":{"chargingProfileId":1,"stackLevel":0,' +
      '"chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Absolute",' +
      '"chargingSchedule":{"chargingRateUnit":"A","chargingSchedulePeriod":[{"startPeriod":0,"limit":16}]}}}',
  )
  const custom = { customData: { z: 1, a: [{ y: 1, b: 2 }], vendorId: 'v' }, type: 'Immediate' }
  expect(JSON.stringify(wireForm('2.0.1', 'Reset', custom))).toContain('{"vendorId":"v","z":1,"a":[{"y":1,"b":2}]}')
})

test('what is given is not changed, and no member is lost, whatever its name', () => {
  const given = JSON.parse('{"data":{"__proto__":1,"constructor":2},"vendorId":"v"}')
  const text = JSON.stringify(given)
  expect(JSON.stringify(wireForm('2.1', 'DataTransfer', given))).toContain('{"__proto__":1,"constructor":2}')
  expect(JSON.stringify(given)).toBe(text)
})

test.each([
  [0.1 + 0.2, 0.3],
  [3 * 5.1, 15.3],
  [16.1, 16.1],
  [11_000, 11_000],
  [0, 0],
])('a limit of %d is sent as %d', (limit, sent) => {
  const period = { startPeriod: 0, limit }
  const csChargingProfiles = { chargingSchedule: { chargingSchedulePeriod: [period] } }
  expect(wireForm('1.6', 'SetChargingProfile', { csChargingProfiles })).toEqual({
    csChargingProfiles: { chargingSchedule: { chargingSchedulePeriod: [{ ...period, limit: sent }] } },
  })
})
