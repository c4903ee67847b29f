// The commands about certificates, against the schemas of their versions, and what their answers mean.

import { describe, expect, test } from 'bun:test'
import {
  certificateSignedCommand,
  deleteCommand,
  installCommand,
  installedIdsCommands,
  installedTypes,
  renewCommand,
  reportedIn,
} from '../../../../src/blocks/certificates/commands.ts'
import { checkRequest } from '../../../../src/examine/schema.ts'

const versions = ['1.6', '2.0.1', '2.1'] as const
const hashData = { hashAlgorithm: 'SHA256', issuerNameHash: 'n', issuerKeyHash: 'k', serialNumber: 'A1' } as const

describe.each(versions)('in OCPP %s', (version) => {
  test('every command keeps to its schema', () => {
    const types = version === '1.6' ? installedTypes.slice(0, 2) : installedTypes
    for (const { action, payload } of [
      certificateSignedCommand[version]('PEM', 7),
      ...types.map((type) => installCommand[version](type, 'PEM')),
      deleteCommand(hashData),
      ...installedIdsCommands[version](undefined),
      ...installedIdsCommands[version]('CSMSRootCertificate'),
      renewCommand[version],
    ]) {
      expect([action, checkRequest(version, action, payload)]).toEqual([action, []])
    }
  })

  test('a report has the types of 2.x, and NotFound means none', () => {
    const [command] = installedIdsCommands[version]('CSMSRootCertificate')
    if (command === undefined) throw new Error('there is no command')
    const answer =
      version === '1.6'
        ? { status: 'Accepted', certificateHashData: [hashData] }
        : {
            status: 'Accepted',
            certificateHashDataChain: [{ certificateType: 'CSMSRootCertificate', certificateHashData: hashData }],
          }
    expect(reportedIn[version](command.payload, answer)).toEqual([
      { certificateType: 'CSMSRootCertificate', ...hashData },
    ])
    expect(reportedIn[version](command.payload, { status: 'NotFound' })).toEqual([])
    expect(reportedIn[version](command.payload, {})).toBeNull()
  })
})

test('CertificateSigned of 2.1 repeats the id of the request, if it had one', () => {
  const idIn = (version: '2.0.1' | '2.1', requestId: number | null) =>
    certificateSignedCommand[version]('PEM', requestId).payload['requestId']
  expect([idIn('2.1', 7), idIn('2.1', null), idIn('2.0.1', 7)]).toEqual([7, undefined, undefined])
})

test('1.6 asks for each type by itself, 2.0.1 for all at once (TC_M_18_CSMS)', () => {
  expect(installedIdsCommands['1.6'](undefined).map(({ payload }) => payload)).toEqual([
    { certificateType: 'CentralSystemRootCertificate' },
    { certificateType: 'ManufacturerRootCertificate' },
  ])
  expect(installedIdsCommands['2.0.1'](undefined).map(({ payload }) => payload)).toEqual([{}])
})

test('a chain of 2.0.1 is reported with each of its certificates', () => {
  const [command] = installedIdsCommands['2.0.1']('V2GCertificateChain')
  if (command === undefined) throw new Error('there is no command')
  const chain = {
    certificateType: 'V2GCertificateChain',
    certificateHashData: hashData,
    childCertificateHashData: [{ ...hashData, serialNumber: 'A2' }],
  }
  const reported = reportedIn['2.0.1'](command.payload, { status: 'Accepted', certificateHashDataChain: [chain] })
  expect(reported?.map(({ serialNumber }) => serialNumber)).toEqual(['A1', 'A2'])
})
