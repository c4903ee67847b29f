import { describe, expect, test } from 'bun:test'
import { checkRequest, checkResponse } from '../../../src/examine/schema.ts'

const at = '2026-01-31T12:00:00Z'

function messages(action: string, payload: unknown): string[] {
  return checkRequest('1.6', action, payload).map((problem) => problem.message)
}

describe('problems', () => {
  test('all of a payload are listed, each with its place and code', () => {
    const payload = { connectorId: '1', idTag: 'x'.repeat(21), meterStart: 1.5, note: '' }
    const found = checkRequest('1.6', 'StartTransaction', payload).map(({ path, code }) => [path, code])
    expect(found.toSorted()).toEqual([
      ['/connectorId', 'TypeConstraintViolation'],
      ['/idTag', 'PropertyConstraintViolation'],
      ['/meterStart', 'TypeConstraintViolation'],
      ['/note', 'FormatViolation'],
      ['/timestamp', 'OccurrenceConstraintViolation'],
    ])
  })

  test('say in a sentence what was wrong where and what was expected', () => {
    expect(
      messages('StartTransaction', { connectorId: '1', idTag: 'x'.repeat(21), meterStart: 2 ** 31, timestamp: 'now' }),
    ).toEqual([
      'Field "connectorId" is a string; expected an integer.',
      'Field "idTag" is 21 characters long; at most 20 are allowed.',
      'Field "meterStart" is 2147483648; the most allowed is 2147483647.',
      'Field "timestamp" is "now"; expected a date and time such as 2026-01-31T12:00:00Z.',
    ])
    expect(messages('Authorize', { tag: null })).toEqual([
      'Field "idTag" is missing; it is required.',
      'Field "tag" is not part of this message; leave it out.',
    ])
    expect(messages('DiagnosticsStatusNotification', { status: null })).toContain(
      'Field "status" is null; expected a string.',
    )
    expect(messages('DiagnosticsStatusNotification', { status: 'Sent' })).toEqual([
      'Field "status" is "Sent"; expected one of Idle, Uploaded, UploadFailed, Uploading.',
    ])
    expect(messages('MeterValues', { connectorId: 1, meterValue: [] })).toEqual([
      'Field "meterValue" has 0 elements; at least 1 are needed.',
    ])
    expect(messages('UpdateFirmware', { location: 'not a place', retrieveDate: at })).toEqual([
      'Field "location" is "not a place"; expected a uri.',
    ])
    expect(messages('Heartbeat', [])).toEqual(['The payload is an array; expected an object.'])
  })

  test('cut short what a charge point wrote', () => {
    const [message = ''] = messages('DiagnosticsStatusNotification', { status: 'x'.repeat(5000) })
    expect(message.length).toBeLessThan(200)
  })

  test('point to fields whose names need escaping', () => {
    const [problem] = checkRequest('1.6', 'Heartbeat', { 'a/b~c': 1 })
    expect(problem?.path).toBe('/a~1b~0c')
  })
})

describe('validators', () => {
  test('a valid payload has no problems, on either side', () => {
    expect(checkRequest('1.6', 'Heartbeat', {})).toEqual([])
    expect(checkResponse('1.6', 'Heartbeat', { currentTime: at })).toEqual([])
  })

  test('a response is checked against the response of its action', () => {
    expect(checkResponse('2.0.1', 'Reset', { status: 'Done' })).toMatchObject([
      { path: '/status', code: 'PropertyConstraintViolation' },
    ])
  })

  test('a limit in tenths takes what binary fractions make of it', () => {
    const profile = (limit: number): unknown => ({
      connectorId: 1,
      csChargingProfiles: {
        chargingProfileId: 1,
        stackLevel: 0,
        chargingProfilePurpose: 'TxDefaultProfile',
        chargingProfileKind: 'Absolute',
        chargingSchedule: { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit }] },
      },
    })
    expect(checkRequest('1.6', 'SetChargingProfile', profile(0.1 + 0.2))).toEqual([])
    expect(checkRequest('1.6', 'SetChargingProfile', profile(16.05))).toMatchObject([{ keyword: 'multipleOf' }])
  })

  test('an action that the version does not have throws', () => {
    expect(() => checkRequest('1.6', 'TransactionEvent', {})).toThrow(RangeError)
    expect(() => checkRequest('1.6', 'constructor', {})).toThrow(RangeError)
    expect(() => checkResponse('2.1', 'NotifyPeriodicEventStream', {})).toThrow(RangeError)
  })
})
