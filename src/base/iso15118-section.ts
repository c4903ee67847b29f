// The section `Security.Iso15118` of the settings.

import { z } from 'zod'
import { integer, list, secret, text } from './setting-kinds.ts'

export const iso15118Section = z
  .strictObject({
    Roots: text('', {
      meaning:
        'Authorities that contract certificates (MO) and certificates of ISO 15118 (V2G) must lead to: PEM, roots or intermediate ones. Empty: no such certificate can be verified, and an Authorize with one is answered with CertChainError.',
      expected: 'the path of a PEM file',
    }),
    OcspResponders: list(
      z
        .string()
        .trim()
        .regex(/^[a-z0-9.-]+(:\d{1,5})?$/i),
      {
        meaning:
          'Hosts that are asked for the status of certificates, by OCSP or for a revocation list; a port that is not that of the scheme stands behind a colon. URLs come from charge points and certificates: other hosts are never asked. Empty: nobody is asked, and contract certificates are verified without it.',
        expected: 'a list of hosts such as ocsp.example.com or ocsp.example.com:8080',
      },
    ),
    OcspCacheMinutes: integer(60, 0, 1_440, {
      meaning: 'How long the status of a certificate is remembered, if its answer is valid for as long; 0: not at all.',
      unit: 'minutes',
    }),
    OcspCacheEntries: integer(10_000, 0, 1_000_000, {
      meaning: 'Of how many certificates the status is remembered; 0: of none.',
      unit: 'certificates',
    }),
    Timeout: integer(5, 1, 20, {
      meaning:
        'How long a message waits for responders, or for the provider; then they count as away. Only its charge point waits.',
      unit: 'seconds',
    }),
    Provider: text('', {
      meaning:
        'Your provider of contract certificates, to which Get15118EVCertificate is forwarded as JSON; empty: it is answered with Failed.',
      expected: 'an https URL',
    }),
    ProviderToken: secret(0, { meaning: 'Bearer token that the provider gets; empty: none.' }),
  })
  .prefault({})
