// Certificate signing requests: which can be used, and that no text makes the reading fail.

import { describe, expect, test } from 'bun:test'
import { readSigningRequest } from '../../../src/auth/signing-request.ts'
import { refusalOf } from '../../../src/blocks/certificates/sign-certificate.ts'
import { hostileRequests, type keyKinds, signingRequest } from '../../support/signing-requests.ts'

const identity = 'CP001'

describe('a signing request', () => {
  test.each<keyof typeof keyKinds>(['P-256', 'P-384', 'P-521', 'RSA-2048', 'RSA-PSS'])(
    'with a key of %s can be used (A00.FR.502, A00.FR.503)',
    async (kind) => {
      const csr = await signingRequest([{ CN: [identity] }, { O: ['Operator'] }], kind)
      expect(await readSigningRequest(csr)).toEqual({
        digest: expect.stringMatching(/^[\w-]{43}$/),
        commonNames: [identity],
        organizations: ['Operator'],
      })
    },
  )

  test('is recognised by its content, however its lines are written', async () => {
    const csr = await signingRequest([{ CN: [identity] }])
    const forms = [
      csr,
      csr.replaceAll('\n', '\r\n'),
      csr.replaceAll('\n', '\\n'),
      csr.replaceAll('CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST'),
      `\n ${csr} \n`,
    ]
    const read = await Promise.all(forms.map(readSigningRequest))
    expect(read[0]).toHaveProperty('digest')
    expect(read).toEqual(forms.map(() => read[0] ?? { problem: '' }))
  })

  test('that is wrong is refused, and the reason is said', async () => {
    for (const [what, csr] of await hostileRequests(identity)) {
      const request = await readSigningRequest(csr)
      const known = { request, serialNumber: null, madeLately: 0, organization: null }
      expect([what, refusalOf(known, identity)]).toEqual([what, expect.stringMatching(/\w/)])
    }
  })
})
