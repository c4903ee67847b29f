// The filters of the list of charge points: as query parameters, and as fields of a body.

import { z } from '@hono/zod-openapi'
import { withDefined } from '../base/with-defined.ts'
import type { ChargePointFilter } from '../blocks/records.ts'
import { chargePointStatuses } from './chargepoint-views.ts'
import { integerMax } from '../base/limits.ts'
import { booleanText, integer, integerText, oneOf, text, time } from './fields.ts'

function ofText(title: string, what: string) {
  return { schema: text(title, 500).optional(), description: `Only those of this ${what}. Letter case is ignored.` }
}

const fields = {
  status: { schema: oneOf('Status', chargePointStatuses).optional(), description: 'Only those of this status.' },
  vendor: ofText('Vendor', 'vendor'),
  model: ofText('Model', 'model'),
  firmwareVersion: ofText('Firmware version', 'firmware version'),
  version: {
    schema: oneOf('Version', ['1.6', '2.0.1', '2.1']).optional(),
    description: 'Only those that connected with this OCPP version last.',
  },
  location: ofText('Location', 'location'),
  lastSeenBefore: {
    schema: time('Last seen before').optional(),
    description: 'Only those that were last seen before then, or never.',
  },
  q: {
    schema: text('Q', 100).optional(),
    description:
      'Only those that have this text in their identity, location, vendor, model or serial number. Letter case is ignored.',
  },
}

const groupDescription = 'Only those in this group, or in one below it.'

const connectedDescription = 'true: only those that are connected. false: only those that are not.'

function inQuery<T extends z.ZodType>(name: string, { schema, description }: { schema: T; description: string }): T {
  return schema.openapi({ param: { name, in: 'query' }, description })
}

function inBody<T extends z.ZodType>({ schema, description }: { schema: T; description: string }): T {
  return schema.openapi({ description })
}

/** The query parameters of the list, beside its page. */
export const chargePointFilter = {
  status: inQuery('status', fields.status),
  connected: inQuery('connected', {
    schema: booleanText('Connected').optional(),
    description: connectedDescription,
  }),
  groupId: inQuery('groupId', {
    schema: integerText('Group id', 1, integerMax).optional(),
    description: groupDescription,
  }),
  vendor: inQuery('vendor', fields.vendor),
  model: inQuery('model', fields.model),
  firmwareVersion: inQuery('firmwareVersion', fields.firmwareVersion),
  version: inQuery('version', fields.version),
  location: inQuery('location', fields.location),
  lastSeenBefore: inQuery('lastSeenBefore', fields.lastSeenBefore),
  q: inQuery('q', fields.q),
}

/** The same as the fields of an object in a body. */
export const chargePointFilterInBody = {
  status: inBody(fields.status),
  connected: z
    .boolean({ error: 'Connected must be true or false' })
    .optional()
    .openapi({ description: connectedDescription }),
  groupId: integer('Group id', 1).optional().openapi({ description: groupDescription }),
  vendor: inBody(fields.vendor),
  model: inBody(fields.model),
  firmwareVersion: inBody(fields.firmwareVersion),
  version: inBody(fields.version),
  location: inBody(fields.location),
  lastSeenBefore: inBody(fields.lastSeenBefore),
  q: inBody(fields.q),
}

const Filter = z.object(chargePointFilterInBody)

/** The filter as the store takes it, without the scope of the sender. */
export function filterOf({
  groupId,
  lastSeenBefore,
  version,
  ...rest
}: z.infer<typeof Filter>): Omit<ChargePointFilter, 'scope'> {
  return withDefined({ ...rest, groupKey: groupId, lastSeenBeforeMs: lastSeenBefore, ocppVersion: version })
}
