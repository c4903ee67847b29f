// How variables of the device model, and their names, look in requests and answers.

import { z } from '@hono/zod-openapi'
import { isoTime } from '../../base/clock.ts'
import { integer, text } from '../../api/fields.ts'
import { Time } from '../../api/responses.ts'
import type { VariableRecord } from './records.ts'
import { configurationComponent, keyOfVariable, type VariableName } from './variable-name.ts'

/** The attributes of a variable (2.0.1 AttributeEnumType). */
export const attributeTypes = ['Actual', 'Target', 'MinSet', 'MaxSet'] as const

export type AttributeType = (typeof attributeTypes)[number]

/** Longest name or instance (2.0.1 ComponentType, VariableType). */
const nameCharactersMax = 50

const Evse = z.strictObject({
  id: integer('EVSE ID', 1),
  connectorId: integer('Connector ID', 1).optional(),
})

/** A component in a request. */
export const ComponentName = z
  .strictObject({
    name: text('Component name', nameCharactersMax),
    instance: text('Component instance', nameCharactersMax).optional(),
    evse: Evse.optional(),
  })
  .openapi({
    description: `A key of 1.6 belongs to the component \`${configurationComponent}\`; under it a standard key of 1.6 is known in 2.x, too.`,
    example: { name: 'OCPPCommCtrlr' },
  })

/** A variable in a request. */
export const VariableNameBody = z
  .strictObject({
    name: text('Variable name', nameCharactersMax),
    instance: text('Variable instance', nameCharactersMax).optional(),
  })
  .openapi({ example: { name: 'HeartbeatInterval' } })

/** The component of a request as columns; the variable is to be added. */
export function placeOf({
  name,
  instance,
  evse,
}: z.infer<typeof ComponentName>): Omit<VariableName, 'variableName' | 'variableInstance'> {
  return {
    componentName: name,
    componentInstance: instance ?? '',
    evseId: evse?.id ?? 0,
    connectorId: evse?.connectorId ?? 0,
  }
}

/** The names of a variable in an answer. */
export const named = {
  key: z.string().openapi({
    description: 'How it is named in requests about the configuration: the key of 1.6, or `Component.Variable`.',
    example: 'OCPPCommCtrlr.HeartbeatInterval',
  }),
  component: z
    .object({
      name: z.string(),
      instance: z.string().optional(),
      evse: z.object({ id: z.int(), connectorId: z.int().optional() }).optional(),
    })
    .openapi({ example: { name: 'OCPPCommCtrlr' } }),
  variable: z
    .object({ name: z.string(), instance: z.string().optional() })
    .openapi({ example: { name: 'HeartbeatInterval' } }),
}

const variableFields = {
  ...named,
  attributeType: z.string().openapi({ example: 'Actual' }),
  value: z.string().nullable().openapi({
    description: 'Null if the charge point told none. The value of a password or another secret is never stored.',
    example: '300',
  }),
  pendingValue: z.string().nullable().openapi({
    description: 'What the charge point has accepted with RebootRequired, until it tells that value; null: nothing.',
    example: null,
  }),
  mutability: z.string().nullable().openapi({
    description: 'Null if it is not known: the charge point has not reported the variable.',
    example: 'ReadWrite',
  }),
  persistent: z.boolean(),
  constant: z.boolean(),
  characteristics: z
    .record(z.string(), z.unknown())
    .nullable()
    .openapi({
      description: 'VariableCharacteristicsType, as reported.',
      example: { unit: 's', dataType: 'integer', supportsMonitoring: false },
    }),
  generatedAt: Time.nullable().openapi({
    description:
      'When the report was generated that had it, by the clock of the charge point; null: only an answer told it, or the charge point speaks 1.6.',
  }),
  updatedAt: Time.openapi({ description: 'When it was last reported, read or set.' }),
}

export const Variable = z.object(variableFields).openapi('Variable')

export const VariableOfChargePoint = z
  .object({ chargePointId: z.string().openapi({ example: 'CP001' }), ...variableFields })
  .openapi('VariableOfChargePoint')

/** Empty texts and 0 stand for what a component or a variable does not have. */
export function nameView(name: VariableName) {
  const { componentName, componentInstance, evseId, connectorId, variableName, variableInstance } = name
  return {
    key: componentName === configurationComponent ? variableName : keyOfVariable(name),
    component: {
      name: componentName,
      ...(componentInstance === '' ? {} : { instance: componentInstance }),
      ...(evseId === 0 ? {} : { evse: { id: evseId, ...(connectorId === 0 ? {} : { connectorId }) } }),
    },
    variable: { name: variableName, ...(variableInstance === '' ? {} : { instance: variableInstance }) },
  }
}

export function variableView(record: VariableRecord): z.infer<typeof Variable> {
  const { attributeType, value, pendingValue, mutability, persistent, constant, characteristics } = record
  return {
    ...nameView(record),
    attributeType,
    value,
    pendingValue,
    mutability,
    persistent,
    constant,
    characteristics: characteristics === null ? null : { ...characteristics },
    generatedAt: record.generatedAtMs === null ? null : isoTime(record.generatedAtMs),
    updatedAt: isoTime(record.updatedAtMs),
  }
}
