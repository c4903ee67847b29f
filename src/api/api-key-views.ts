// API keys of operators in requests and responses.

import { z } from '@hono/zod-openapi'
import type { SettingsKey } from '../auth/key-ring.ts'
import { isoTime } from '../base/clock.ts'
import { apiKeyDaysMax, apiKeyGroupsMax, integerMax, operatorNameCharactersMax } from '../base/limits.ts'
import { type ApiKeyRecord, apiKeyStates, type KeyUse, stateOf } from '../operators/records.ts'
import { change, integer, text, time } from './fields.ts'
import { Time } from './responses.ts'

// Such names are those of other operators in the log: of keys of the settings, and of tokens.
const takenName = /^(admin$|jwt:|Security\.)/i

// A name with one of these looks like a name without it.
const unseen = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}]/u

const name = text('Name', operatorNameCharactersMax)
  .regex(/^\S(?:.*\S)?$/s, { error: 'Name must not begin or end with a space' })
  .refine((given) => !unseen.test(given), { error: 'Name must not contain characters that cannot be seen' })
  .refine((given) => !takenName.test(given.normalize('NFKC')), {
    error: 'Name must not be "admin", nor begin with "jwt:" or "Security.": the log names other operators so',
  })
  .openapi({ description: 'As the log and the audit log show it.', example: 'billing' })

const role = text('Role', operatorNameCharactersMax).openapi({
  description: 'A role of `GET /api/roles`.',
  example: 'viewer',
})

const groupIds = z
  .array(integer('Group ID', 1), { error: 'Group IDs must be a list of ids of groups, or null' })
  .min(1, { error: 'Group IDs must not be empty; null means all charge points' })
  .max(apiKeyGroupsMax, { error: `Group IDs must be at most ${apiKeyGroupsMax}` })
  .nullish()
  .openapi({
    description: 'Only for charge points of these groups and of all groups below them; null: for all charge points.',
    example: [3],
  })

const expiresAt = time('Expires at')
  .nullish()
  .openapi({ type: ['string', 'null'], format: 'date-time', description: 'When it expires; null: never.' })

const days = `Expires in days must be an integer from 1 to ${apiKeyDaysMax}`

/** A key to create. */
export const NewApiKey = z
  .strictObject({
    name,
    role,
    groupIds,
    expiresAt,
    expiresInDays: z
      .int({ error: days })
      .min(1, { error: days })
      .max(apiKeyDaysMax, { error: days })
      .optional()
      .openapi({ description: 'When it expires, from now on; instead of `expiresAt`.', example: 90 }),
  })
  .refine(({ expiresAt: at, expiresInDays }) => at === undefined || expiresInDays === undefined, {
    error: 'Expires in days must not be beside Expires at; leave one of them out',
    path: ['expiresInDays'],
  })
  .openapi('NewApiKey', { example: { name: 'billing', role: 'viewer', groupIds: [3], expiresInDays: 90 } })

/** A change of a key. */
export const ApiKeyChange = change({ name: name.optional(), role: role.optional(), groupIds, expiresAt }).openapi(
  'ApiKeyChange',
  { description: 'A field that is left out stays unchanged. At least one field is required.' },
)

const fields = {
  keyId: z.string().openapi({ description: 'Part of the text of the key.', example: '6f1c0d9be2a84375' }),
  name: z.string().openapi({ example: 'billing' }),
  origin: z
    .enum(['settings', 'api'])
    .openapi({ description: '`settings`: from `Security.AdminApiKey` or `Security.ApiKeys`; not changed here.' }),
  role: z.string().openapi({ example: 'viewer' }),
  groupIds: z
    .array(z.int().max(integerMax))
    .nullable()
    .openapi({ example: [3] }),
  state: z.enum(apiKeyStates).openapi({ example: 'active' }),
  expiresAt: Time.nullable(),
  createdAt: Time.nullable().openapi({ description: 'Null for a key of the settings.' }),
  createdBy: z.string().nullable().openapi({ example: 'admin' }),
  revokedAt: Time.nullable(),
  revokedBy: z.string().nullable(),
  lastUsedAt: Time.nullable().openapi({ description: 'Stored every few seconds.' }),
  lastUsedFrom: z.string().nullable().openapi({ description: 'IP address.', example: '192.0.2.7' }),
}

export const ApiKey = z.object(fields).openapi('ApiKey')

/** A key that was made now. */
export const CreatedApiKey = z
  .object({
    apiKey: z.string().openapi({
      description: 'The text of the key, for `X-API-Key`. It is shown here only, and stored nowhere.',
      example: 'stator_6f1c0d9be2a84375_<43 characters>',
    }),
    ...fields,
  })
  .openapi('CreatedApiKey')

type ApiKeyView = z.infer<typeof ApiKey>

function lastUse(use: KeyUse | null): Pick<ApiKeyView, 'lastUsedAt' | 'lastUsedFrom'> {
  return {
    lastUsedAt: use === null ? null : isoTime(use.atMs),
    lastUsedFrom: use === null || use.remoteAddress === '' ? null : use.remoteAddress,
  }
}

/** A key of the database in a response. */
export function apiKeyView(record: ApiKeyRecord, nowMs: number): ApiKeyView {
  const { id, role: roleName, groups, expiresAtMs, createdAtMs, createdBy, revokedAtMs, revokedBy } = record
  return {
    keyId: id,
    name: record.name,
    origin: 'api',
    role: roleName,
    groupIds: groups === null ? null : [...groups],
    state: stateOf(record, nowMs),
    expiresAt: expiresAtMs === null ? null : isoTime(expiresAtMs),
    createdAt: isoTime(createdAtMs),
    createdBy,
    revokedAt: revokedAtMs === null ? null : isoTime(revokedAtMs),
    revokedBy,
    ...lastUse(record.lastUse),
  }
}

/** A key of the settings in a response. */
export function settingsKeyView(key: SettingsKey, use: KeyUse | null): ApiKeyView {
  return {
    keyId: key.id,
    name: key.name,
    origin: 'settings',
    role: 'admin',
    groupIds: null,
    state: 'active',
    expiresAt: null,
    createdAt: null,
    createdBy: null,
    revokedAt: null,
    revokedBy: null,
    ...lastUse(use),
  }
}
