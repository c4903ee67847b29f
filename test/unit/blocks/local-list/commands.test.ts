import { expect, test } from 'bun:test'
import { listPayloads, type ListUpdate, versionIn } from '../../../../src/blocks/local-list/commands.ts'
import { localListSync } from '../../../../src/blocks/local-list/job.ts'
import { checkRequest } from '../../../../src/examine/schema.ts'
import { type OcppVersion, ocppVersions } from '../../../../src/ocpp/version.ts'

const noLimits = { itemsMax: null, bytesMax: null, entriesMax: null }
const expiryDate = '2027-01-01T00:00:00.000Z'
const one = { idTag: 'ONE', type: 'ISO14443', status: 'Accepted', expiryDate, parentIdTag: 'GROUP' } as const
const other = { idTag: 'OTHER', status: 'Blocked' } as const

function payloads(version: OcppVersion, update: ListUpdate, itemsMax: number | null = null) {
  const made = listPayloads(version, update, { ...noLimits, itemsMax }, 5)
  for (const payload of made) expect(checkRequest(version, 'SendLocalList', payload)).toEqual([])
  return made
}

test('a whole list has the form of the version', () => {
  const update = { type: 'Full', entries: [one, other] } as const
  expect(payloads('1.6', update)).toEqual([
    {
      listVersion: 5,
      localAuthorizationList: [
        { idTag: 'ONE', idTagInfo: { expiryDate, parentIdTag: 'GROUP', status: 'Accepted' } },
        { idTag: 'OTHER', idTagInfo: { status: 'Blocked' } },
      ],
      updateType: 'Full',
    },
  ])
  for (const version of ['2.0.1', '2.1'] as const) {
    expect(payloads(version, update)).toEqual([
      {
        localAuthorizationList: [
          {
            idToken: { idToken: 'ONE', type: 'ISO14443' },
            idTokenInfo: {
              status: 'Accepted',
              cacheExpiryDateTime: expiryDate,
              groupIdToken: { idToken: 'GROUP', type: 'Central' },
            },
          },
          { idToken: { idToken: 'OTHER', type: 'Central' }, idTokenInfo: { status: 'Blocked' } },
        ],
        versionNumber: 5,
        updateType: 'Full',
      },
    ])
  }
})

test('an empty list is a message without one', () => {
  expect(payloads('1.6', { type: 'Full', entries: [] })).toEqual([{ listVersion: 5, updateType: 'Full' }])
})

test('what does not fit goes on as differential updates, each with its version', () => {
  for (const version of ocppVersions) {
    const made = payloads(version, { type: 'Full', entries: [one, other, { ...one, idTag: 'THIRD' }] }, 2)
    expect(made.map((part) => [part['listVersion'] ?? part['versionNumber'], part['updateType']])).toEqual([
      [5, 'Full'],
      [6, 'Differential'],
    ])
  }
})

test('a differential update removes by an item without information', () => {
  const update = { type: 'Differential', changes: { stored: [other], removed: [one] } } as const
  expect(payloads('1.6', update)[0]?.['localAuthorizationList']).toEqual([
    { idTag: 'ONE' },
    { idTag: 'OTHER', idTagInfo: { status: 'Blocked' } },
  ])
  expect(payloads('2.0.1', update)[0]?.['localAuthorizationList']).toEqual([
    { idToken: { idToken: 'ONE', type: 'ISO14443' } },
    { idToken: { idToken: 'OTHER', type: 'Central' }, idTokenInfo: { status: 'Blocked' } },
  ])
})

test('an id tag of 1.6 that has another type now stands in the message once', () => {
  const changes = { stored: [{ ...one, type: 'eMAID' }], removed: [one] }
  expect(payloads('1.6', { type: 'Differential', changes })[0]?.['localAuthorizationList']).toHaveLength(1)
  expect(payloads('2.1', { type: 'Differential', changes })[0]?.['localAuthorizationList']).toHaveLength(2)
})

test('a list is within the bytes that the charge point takes', () => {
  const entries = Array.from({ length: 20 }, (_, nth) => ({ ...other, idTag: `TAG-${nth}` }))
  const made = listPayloads('2.0.1', { type: 'Full', entries }, { ...noLimits, bytesMax: 1_000 }, 1)
  expect(made.length).toBeGreaterThan(1)
  for (const part of made) expect(JSON.stringify(part).length).toBeLessThan(1_000)
})

test('the answers are read', () => {
  expect([versionIn({ listVersion: -1 }), versionIn({ versionNumber: 7 }), versionIn({})]).toEqual([-1, 7, null])
  expect([1e12, 1.5].map((listVersion) => versionIn({ listVersion }))).toEqual([null, null])
  expect(localListSync.answered('1.6', { status: 'Accepted' }, {})).toMatchObject({ type: 'done' })
  expect(localListSync.answered('1.6', { status: 'VersionMismatch' }, {})).toMatchObject({ type: 'refused' })
  expect(localListSync.answered('2.0.1', { status: 'Odd' }, {})).toMatchObject({ type: 'refused', status: 'Odd' })
  expect(localListSync.answered('2.0.1', {}, {})).toBeNull()
})
