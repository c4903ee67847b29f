// Network profiles: the CALL of each version against its schema, and what a version does not have.

import { describe, expect, test } from 'bun:test'
import { type NetworkProfile, networkProfileCommand } from '../../../../src/blocks/provisioning/network-profile.ts'
import { detailsOf, fakeApi } from '../../api/fake-deps.ts'
import { checkRequest } from '../../../../src/examine/schema.ts'

const profile: NetworkProfile = {
  slot: 2,
  csmsUrl: 'wss://csms.example.com/ocpp',
  securityProfile: 2,
  networkInterface: 'Wireless0',
  messageTimeoutSeconds: 30,
  version: null,
  apn: { apn: 'internet', apnAuthentication: 'AUTO' },
  vpn: { server: 'vpn.example.com', user: 'u', password: 'p', key: 'k', type: 'IKEv2' },
}

const versionIn = (version: '2.0.1' | '2.1', wanted: NetworkProfile['version']): unknown => {
  const payload = networkProfileCommand(version, { ...profile, version: wanted })?.payload
  const data: unknown = payload?.['connectionData']
  return typeof data === 'object' && data !== null && 'ocppVersion' in data ? data.ocppVersion : null
}

describe('a network profile', () => {
  test.each(['2.0.1', '2.1'] as const)('is valid in %s', (version) => {
    const command = networkProfileCommand(version, profile)
    expect(checkRequest(version, 'SetNetworkProfile', command?.payload)).toEqual([])
    expect(command?.payload).toMatchObject({ configurationSlot: 2 })
  })

  test('names the version to speak as the version of the charge point spells it', () => {
    expect([versionIn('2.0.1', null), versionIn('2.0.1', '1.6'), versionIn('2.0.1', '2.1')]).toEqual([
      'OCPP20',
      'OCPP16',
      null,
    ])
    expect([versionIn('2.1', null), versionIn('2.1', '2.0.1')]).toEqual(['OCPP21', 'OCPP201'])
  })

  test('is not there in 1.6, and has credentials from 2.1 on', () => {
    const withPassword = { ...profile, password: 'a password of 16 characters' }
    expect(networkProfileCommand('1.6', profile)).toBeNull()
    expect(networkProfileCommand('2.0.1', withPassword)).toBeNull()
    const command = networkProfileCommand('2.1', withPassword)
    expect(checkRequest('2.1', 'SetNetworkProfile', command?.payload)).toEqual([])
  })
})

test('a password is set for the charge point of the request, not for another identity', async () => {
  const { request } = fakeApi()
  const { csmsUrl, securityProfile, networkInterface } = profile
  const body = { csmsUrl, securityProfile, interface: networkInterface, identity: 'CP002', password: 'p'.repeat(16) }
  const refused = await request('/api/chargepoints/CP001/network-profiles/1', {
    method: 'PUT',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  })
  expect(refused.status).toBe(400)
  expect(await detailsOf(refused)).toMatchObject({ field: 'identity' })
})
