// Which requests are measured for an operation: without a filter, with each filter alone, and with the filters that
// operators use together.

import type { ReadOperation } from './operations.ts'
import type { ReaderName } from './reader-names.ts'
import type { Subject, Subjects } from './subjects.ts'

/** One operation with some of its filters, for charge points and id tokens as they come, or for the busiest ones. */
export interface ReadCase {
  readonly operation: ReadOperation
  readonly filters: readonly string[]
  readonly isOfBusiest: boolean
  readonly reader: ReaderName
}

/** Parameters that are given together. */
const pairs: readonly (readonly string[])[] = [
  ['from', 'to'],
  ['startDate', 'endDate'],
]

const period = ['from', 'to'] as const
const ofMessages = [
  ['action', ...period],
  ['messageId', ...period],
  ['action', 'direction', ...period],
] as const

/** Filters that operators use together, by operation. */
const together: Readonly<Record<string, readonly (readonly string[])[]>> = {
  listTransactions: [
    ['chargePointId', ...period],
    ['chargePointId', 'open'],
    ['idTag', ...period],
    ['idTag', 'open'],
    ['open', ...period],
    ['chargePointId', 'idTag'],
    ['chargePointId', 'idTag', 'open', ...period],
  ],
  listChargePoints: [
    ['connected', 'status'],
    ['vendor', 'model', 'firmwareVersion'],
    ['connected', 'q'],
  ],
  listMessages: ofMessages,
  listEvents: ofMessages,
  listAnomalies: [
    ['kind', ...period],
    ['chargePointId', ...period],
  ],
  listSecurityEvents: [
    ['type', ...period],
    ['chargePointId', ...period],
  ],
  listCertificates: [['state', 'expiresBefore']],
  listAuditLog: [
    ['chargePointId', ...period],
    ['principal', 'operation', ...period],
  ],
}

/** Lists whose other filters are refused without one of these. */
const needed: Readonly<Record<string, readonly string[]>> = { searchVariables: ['variable', 'chargePointId'] }

/** Parameters by which a busy charge point or id token differs from others. */
const ofSomebody: readonly string[] = ['chargePointId', 'idTag']

/**
 * Every case of these operations, for all charge points. Filters of which `subjects` have no value are left out:
 * `unmeasured` names them.
 */
export function casesOf(operations: readonly ReadOperation[], subjects: Subjects): ReadCase[] {
  return operations.flatMap((operation) => {
    const known = namesOf(subjects.of(operation.id, false, 'admin'))
    return filterSets(operation)
      .filter((filters) => [...operation.pathParameters, ...filters].every((name) => known.has(name)))
      .flatMap((filters): ReadCase[] => {
        const given = [...operation.pathParameters, ...filters]
        const hasBusiest = operation.kind === 'list' && ofSomebody.some((name) => given.includes(name))
        const usual = { operation, filters, isOfBusiest: false, reader: 'admin' } as const
        return hasBusiest ? [usual, { ...usual, isOfBusiest: true }] : [usual]
      })
  })
}

/**
 * The cases of lists for a reader of some charge points. One charge point is looked for in the scope once, whatever the
 * filters: a list of one is read without filters.
 */
export function scopedCasesOf(
  operations: readonly ReadOperation[],
  subjects: Subjects,
  reader: Exclude<ReaderName, 'admin'>,
): ReadCase[] {
  return operations
    .filter(({ kind }) => kind === 'list')
    .flatMap((operation) => {
      const known = namesOf(subjects.of(operation.id, false, reader))
      const sets = operation.pathParameters.includes('chargePointId') ? [[]] : filterSets(operation)
      return sets
        .filter((filters) => !filters.includes('chargePointId'))
        .filter((filters) => [...operation.pathParameters, ...filters].every((name) => known.has(name)))
        .flatMap((filters): ReadCase[] => {
          const usual = { operation, filters, isOfBusiest: false, reader }
          return filters.includes('idTag') ? [usual, { ...usual, isOfBusiest: true }] : [usual]
        })
    })
}

/** Operations and filters that no case has, such as `listTransactions tariff`. */
export function unmeasured(operations: readonly ReadOperation[], cases: readonly ReadCase[]): string[] {
  return operations.flatMap((operation) => {
    const ofIt = cases.filter((one) => one.operation.id === operation.id)
    if (ofIt.length === 0) return [operation.id]
    // A file has the filters of its list.
    if (operation.kind !== 'list') return []
    return operation.filters
      .filter((name) => !ofIt.some(({ filters }) => filters.includes(name)))
      .map((name) => `${operation.id} ${name}`)
  })
}

function filterSets({ id, kind, filters }: ReadOperation): (readonly string[])[] {
  if (kind !== 'list') return [[]]
  const paired = pairs.filter((pair) => pair.every((name) => filters.includes(name)))
  const leads = Object.hasOwn(needed, id) ? (needed[id] ?? []) : []
  const alone = filters
    .filter((name) => !paired.some((pair) => pair.includes(name)))
    .map((name) => (leads.length === 0 || leads.includes(name) ? [name] : [...leads.slice(0, 1), name]))
  const combined = Object.hasOwn(together, id) ? (together[id] ?? []) : []
  return [[], ...alone, ...paired, ...combined.filter((set) => set.every((name) => filters.includes(name)))]
}

function namesOf(subjects: readonly Subject[]): Set<string> {
  return new Set(subjects.flatMap((subject) => Object.keys(subject)))
}
