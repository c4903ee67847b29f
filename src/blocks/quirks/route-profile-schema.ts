// The form of a quirk profile: of a file, of the body of an import, and of an export. Its errors say where something is
// wrong, and what was expected.

import { z } from '@hono/zod-openapi'
import { oneOf, text } from '../../api/fields.ts'
import { quirkPatternCharactersMax, quirkPatternsMax } from '../../base/limits.ts'
import { nearest } from '../../base/nearest.ts'
import { changeAvailabilityWords, configurationKeysWords, noProfile } from '../../ocpp/quirk-profile.ts'
import { type QuirkCode, quirkTable } from '../../ocpp/quirks.ts'

/** What the name of a profile looks like. */
const namePattern = '^[a-z0-9][a-z0-9._-]{0,49}$'

export const profileName = text('Name', 50)
  .regex(new RegExp(namePattern), {
    error: 'Name must have lower-case letters, digits, ".", "_" and "-" only, and begin with a letter or a digit',
  })
  .refine((name) => name !== noProfile, { error: `Name must not be '${noProfile}': it stands for no profile` })
  .openapi({ pattern: namePattern, example: 'wallbox' })

const codes = Object.keys(quirkTable) as QuirkCode[]

const onOff = (name: string) => z.boolean({ error: `${name} must be true or false` }).optional()

const repairs = z
  .record(z.string(), z.boolean({ error: 'A repair must be true (on) or false (off)' }), {
    error: 'Repairs must be an object of codes, each with true or false',
  })
  .superRefine((wanted, context) => {
    for (const code of Object.keys(wanted)) {
      if (Object.hasOwn(quirkTable, code)) continue
      const meant = nearest(code, codes)
      const hint =
        meant === null ? ' (GET /api/quirks and the documentation list the codes)' : `; '${meant}' was probably meant`
      const message = `There is no repair '${code.slice(0, 100)}'${hint}`
      context.addIssue({ code: 'custom', path: [code], message })
    }
  })
  .transform((wanted): Partial<Record<QuirkCode, boolean>> => wanted)

const pattern = (name: string) => text(name, quirkPatternCharactersMax).optional()

const BootPattern = z
  .strictObject({ vendor: pattern('Vendor'), model: pattern('Model'), firmware: pattern('Firmware') })
  .refine(({ vendor, model, firmware }) => [vendor, model, firmware].some((one) => one !== undefined), {
    error: 'A pattern needs at least one of vendor, model and firmware',
  })
  .openapi('BootPattern', {
    minProperties: 1,
    description: 'What the charge point says at its boot. `*` stands for any text; letter case does not count.',
    example: { vendor: 'Wall*Box*', model: 'Pulsar*', firmware: '5.*' },
  })

const fields = {
  description: text('Description', 1_000).optional(),
  appliesTo: z
    .array(BootPattern, { error: 'Applies to must be a list of patterns' })
    .max(quirkPatternsMax, { error: `Applies to must be at most ${quirkPatternsMax} patterns` })
    .optional()
    .openapi({ description: 'It applies if one of these does. Left out: only where an operator has chosen it.' }),
  strictness: oneOf('Strictness', ['lenient', 'strict'])
    .optional()
    .openapi({ description: 'Instead of the strictness of the charge point. The handshake keeps that one.' }),
  repairs: repairs.optional().openapi({
    type: 'object',
    additionalProperties: false,
    properties: Object.fromEntries(codes.map((code) => [code, { type: 'boolean', description: quirkTable[code] }])),
    description:
      'Repairs of the lenient mode, of their messages and not of their answers; false: what it would have repaired is refused, as in strict mode.',
    example: { enumCase: false },
  }),
  commands: z
    .strictObject({
      askForBoot: onOff('Ask for boot').openapi({
        description: 'Ask for a BootNotification if none has come 30 s after a reconnect. Sends a CALL by itself.',
      }),
      askForStatus: onOff('Ask for status').openapi({
        description: 'Ask for a StatusNotification at the same moment. Sends a CALL by itself.',
      }),
      readBack: onOff('Read back').openapi({
        description:
          'Read a setting again after its change was accepted; another value is the anomaly `notApplied`. Sends a CALL by itself.',
      }),
      configurationKeys: oneOf('Configuration keys', configurationKeysWords).optional().openapi({
        description: 'What becomes of GetConfiguration with a list of keys (OCPP 1.6).',
      }),
      changeAvailability: oneOf('Change availability', changeAvailabilityWords).optional().openapi({
        description: 'What becomes of ChangeAvailability; `refuse`: it needs `force`.',
      }),
    })
    .optional(),
}

/** A profile as a file has it. */
export const QuirkProfile = z
  .strictObject({ name: profileName, ...fields })
  .openapi('QuirkProfile', { description: 'As a file has it: what is exported can be imported elsewhere.' })

/** A profile to import: its name is in the path, and may be in the body as well. */
export const QuirkProfileInput = z
  .strictObject({ name: profileName.optional(), ...fields })
  .openapi('QuirkProfileInput')
