// The query parameters that filter the list of charge points.

import type { z } from '@hono/zod-openapi'
import { withDefined } from '../base/with-defined.ts'
import type { ChargePointFilter } from '../blocks/records.ts'
import { chargePointStatuses } from './chargepoint-views.ts'
import { booleanText, oneOf, text, time } from './fields.ts'

function ofText(name: 'vendor' | 'model' | 'firmwareVersion' | 'location', title: string, what: string) {
  return text(title, 500)
    .optional()
    .openapi({ param: { name, in: 'query' }, description: `Only those of this ${what}. Letter case is ignored.` })
}

export const chargePointFilter = {
  status: oneOf('Status', chargePointStatuses)
    .optional()
    .openapi({ param: { name: 'status', in: 'query' }, description: 'Only those of this status.' }),
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

type Wanted = { [Name in keyof typeof chargePointFilter]?: z.infer<(typeof chargePointFilter)[Name]> }

/** The filter that a query asks for. */
export function filterOf({ lastSeenBefore, version, ...rest }: Wanted): ChargePointFilter {
  return withDefined({ ...rest, lastSeenBeforeMs: lastSeenBefore, ocppVersion: version })
}
