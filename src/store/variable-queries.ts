// The stored device model, as the REST API lists it: of one charge point, and over all of them.

import { and, asc, eq, inArray, or, type SQL, sql } from 'drizzle-orm'
import { getTableColumns } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { storableText } from '../base/storable-text.ts'
import { chargePoints } from '../blocks/charge-point-tables.ts'
import type { ModelFilter, ModelRecord, VariableFilter, VariableRecord } from '../blocks/provisioning/records.ts'
import { variables } from '../blocks/provisioning/tables.ts'
import type { Page, PageOf } from '../blocks/records.ts'
import { filteredKeys } from './identity-keys.ts'
import { keyOf, type Order, orderBy } from './keyset.ts'
import { filteredPageOf, type FilteredRows, keysetPageOf, type ListSource, withoutCursors } from './paging.ts'
import { notOfDeleted, scopeOfList } from './scoped-rows.ts'

export function createVariableQueries(source: ListSource) {
  const { db } = source
  return {
    /** The variables of a charge point, by component, EVSE, connector, variable and attribute. */
    async variablesOf(filter: VariableFilter, page: Page): Promise<PageOf<VariableRecord>> {
      return filteredPageOf(
        source,
        page,
        variablesFound(filter),
        (where) =>
          db
            .select()
            .from(variables)
            .where(where)
            .orderBy(...variableOrder)
            .$dynamic(),
        ({ chargePointKey: _, ...row }) => row,
      )
    },

    /** The variables of charge points that are not deleted, by charge point, and then as `variablesOf`. */
    async listVariables(filter: ModelFilter, page: Page): Promise<PageOf<ModelRecord>> {
      const [keys, isThere] = await Promise.all([filteredKeys(source, filter), notOfDeleted(source)])
      const lead = and(
        keys === null
          ? (await scopeOfList(source, filter.scope))(variables.chargePointKey)
          : inArray(variables.chargePointKey, [...keys]),
        isNamed(variables.variableName, filter.variable),
        isThere(variables.chargePointKey),
      )
      const rest = modelConditions(filter)
      const { chargePointKey: _, ...columns } = getTableColumns(variables)
      const found = (where: SQL | undefined) =>
        db
          .select({ cursor: keyOf(byChargePoint), identity: chargePoints.identity, ...columns })
          .from(variables)
          .innerJoin(chargePoints, eq(chargePoints.key, variables.chargePointKey))
          .where(where)
          .orderBy(...orderBy(byChargePoint))
          .$dynamic()
      if (source.rowsMax === null) {
        const rows = { table: variables, where: and(lead, rest), order: byChargePoint }
        return keysetPageOf(source, page, rows, found, (row) => row)
      }
      if (page.after !== undefined) throw withoutCursors()
      const order = orderBy(byChargePoint)
      const filtered = { table: variables, leads: [lead], leadOrder: order, rest, order }
      return filteredPageOf(source, page, filtered, found, ({ cursor: _, ...row }) => row)
    },
  }
}

const byChargePoint: Order = {
  name: 'variables',
  direction: 'ASC',
  columns: [
    { column: variables.chargePointKey, type: 'int8' },
    { column: variables.componentName, type: 'text' },
    { column: variables.componentInstance, type: 'text' },
    { column: variables.evseId, type: 'int8' },
    { column: variables.connectorId, type: 'int8' },
    { column: variables.variableName, type: 'text' },
    { column: variables.variableInstance, type: 'text' },
    { column: variables.attributeType, type: 'text' },
  ],
}

/** Names are case insensitive; the index of variables has them in lower case. */
function isNamed(column: PgColumn, name: string | undefined): SQL | undefined {
  return name === undefined ? undefined : sql`lower(${column}) = lower(${storableText(name)})`
}

function is(column: PgColumn, value: string | number | undefined): SQL | undefined {
  if (value === undefined) return undefined
  return eq(column, typeof value === 'string' ? storableText(value) : value)
}

function modelConditions(filter: ModelFilter): SQL | undefined {
  return and(
    isNamed(variables.componentName, filter.component),
    isNamed(variables.componentInstance, filter.componentInstance),
    isNamed(variables.variableInstance, filter.variableInstance),
    is(variables.evseId, filter.evseId),
    is(variables.connectorId, filter.connectorId),
    is(variables.attributeType, filter.attributeType),
    is(variables.mutability, filter.mutability),
    is(variables.value, filter.value),
  )
}

/** The order of the primary key, within a charge point. */
const variableOrder = [
  asc(variables.componentName),
  asc(variables.componentInstance),
  asc(variables.evseId),
  asc(variables.connectorId),
  asc(variables.variableName),
  asc(variables.variableInstance),
  asc(variables.attributeType),
]

// The primary key finds the variables of a charge point in their order. The texts are looked for in these rows only.
function variablesFound({ chargePointKey, component, variable, value }: VariableFilter): FilteredRows {
  const { componentName, componentInstance, variableName, variableInstance } = variables
  return {
    table: variables,
    leads: [eq(variables.chargePointKey, chargePointKey)],
    leadOrder: variableOrder,
    rest: and(
      component === undefined ? undefined : or(holds(componentName, component), holds(componentInstance, component)),
      variable === undefined ? undefined : or(holds(variableName, variable), holds(variableInstance, variable)),
      value === undefined ? undefined : holds(variables.value, value),
    ),
    order: variableOrder,
  }
}

/** Whether the column holds `text`, in any letter case. */
function holds(column: PgColumn, text: string): SQL {
  return sql`strpos(lower(${column}), lower(${storableText(text)})) > 0`
}
