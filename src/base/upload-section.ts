// The section `Uploads` as the file holds it: a small server of ours to which charge points upload files, such as logs.

import { z } from 'zod'
import { boolean, integer, text } from './setting-kinds.ts'

/** Characters of Uploads.PublicUrl: 2.x takes 512 with the token, and charge points append the name of the file. */
export const publicUrlCharactersMax = 300

/** The section as the file holds it. */
export const uploadsSection = z
  .strictObject({
    PublicUrl: text('', {
      meaning:
        'URL by which charge points reach the upload server, such as `https://stator.example.com:8081`; a proxy before it may add a path. Empty: there is no upload server, and operators name a server of their own for each log.',
      expected: `an http or https URL of at most ${publicUrlCharactersMax} characters, without user, query and fragment`,
    }),
    Port: integer(8081, 0, 65_535, {
      meaning: 'Port of the upload server, at OCPP.ServerEndpoint; 0 selects a free one.',
    }),
    EnableSSL: boolean(true, {
      meaning:
        'With OCPP.EnableSSL: the upload server has the same certificate. false: it is plain, for a proxy that ends TLS before it.',
    }),
    MaxMegabytes: integer(100, 1, 4_096, { meaning: 'Largest file that is accepted.', unit: 'MiB' }),
    AtOnce: integer(4, 1, 64, {
      meaning: 'Uploads that one node receives at once; further ones are answered 503 with Retry-After.',
    }),
    Days: integer(30, 1, 3_650, {
      meaning: 'Retention of uploaded files. They are deleted with their job at the latest (OCPP.JobDays).',
      unit: 'days',
    }),
  })
  .prefault({})
