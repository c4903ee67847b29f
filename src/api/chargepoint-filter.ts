// The query parameters of the list of charge points, beside `status` and the page.

import { booleanText, oneOf, text, time } from './fields.ts'

function ofText(name: 'vendor' | 'model' | 'firmwareVersion' | 'location', title: string, what: string) {
  return text(title, 500)
    .optional()
    .openapi({ param: { name, in: 'query' }, description: `Only those of this ${what}. Letter case is ignored.` })
}

export const chargePointFilter = {
  connected: booleanText('Connected')
    .optional()
    .openapi({
      param: { name: 'connected', in: 'query' },
      description: 'true: only those that are connected. false: only those that are not.',
    }),
  vendor: ofText('vendor', 'Vendor', 'vendor'),
  model: ofText('model', 'Model', 'model'),
  firmwareVersion: ofText('firmwareVersion', 'Firmware version', 'firmware version'),
  version: oneOf('Version', ['1.6', '2.0.1', '2.1'])
    .optional()
    .openapi({
      param: { name: 'version', in: 'query' },
      description: 'Only those that connected with this OCPP version last.',
    }),
  location: ofText('location', 'Location', 'location'),
  lastSeenBefore: time('Last seen before')
    .optional()
    .openapi({
      param: { name: 'lastSeenBefore', in: 'query' },
      description: 'Only those that were last seen before then, or never.',
    }),
  q: text('Q', 100)
    .optional()
    .openapi({
      param: { name: 'q', in: 'query' },
      description:
        'Only those that have this text in their identity, location, vendor, model or serial number. Letter case is ignored.',
    }),
}
