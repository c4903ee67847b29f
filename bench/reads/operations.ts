// What there is to read, from the OpenAPI document of the server under test: a list that is added to the API is
// measured without a change here.

import { z } from 'zod'

const Operation = z.looseObject({
  operationId: z.string(),
  parameters: z.array(z.looseObject({ name: z.string(), in: z.string() })).default([]),
  responses: z.record(z.string(), z.looseObject({ content: z.record(z.string(), z.unknown()).optional() })),
})
const Document = z.looseObject({ paths: z.record(z.string(), z.looseObject({ get: Operation.optional() })) })

/** A list has pages, an export is a file of rows, and the others show one thing. */
export type ReadKind = 'list' | 'export' | 'one'

/** A GET operation of the API. */
export interface ReadOperation {
  readonly id: string
  /** With its parameters in braces, such as `/api/transactions/{transactionId}`. */
  readonly path: string
  readonly kind: ReadKind
  readonly pathParameters: readonly string[]
  /** Its query parameters, without those of the page and of the form of the answer. */
  readonly filters: readonly string[]
}

/** Operations that are not measured, and why. */
export const notRead: Readonly<Record<string, string>> = {
  getConfiguration: 'it waits for an answer of the charge point',
  getTransactionStatus: 'it waits for an answer of the charge point',
  getCompositeSchedule: 'it waits for an answer of the charge point',
  getLocalList: 'it is one row, and 404 where there is none',
  getPrice: 'it is one row, and 404 where there is none',
  getGroupPrice: 'it is one row, and 404 where there is none',
  getDefaultPrice: 'it is one row, and 404 where there is none',
  getJobFile: 'it is a file of any size, and 404 where there is none',
  getCustomerInformation: 'it is one text, and 404 where there is none',
  getCertificateAuthority: 'it is one constant text, and 404 without an authority',
}

/** Query parameters that choose no rows. */
const ofForm: ReadonlySet<string> = new Set(['page', 'pageSize', 'separator', 'after', 'cursor'])

/** What exports are sent as. */
const fileTypes: readonly string[] = ['text/csv', 'application/x-ndjson', 'application/vnd.apache.parquet']

/**
 * The GET operations under `/api/` in an OpenAPI document, without those of `notRead`.
 *
 * @throws {ZodError} when it is no such document.
 */
export function operationsOf(document: unknown): ReadOperation[] {
  const { paths } = Document.parse(document)
  return Object.entries(paths).flatMap(([path, { get }]): ReadOperation[] => {
    if (get === undefined || !path.startsWith('/api/') || Object.hasOwn(notRead, get.operationId)) return []
    const named = (place: string): string[] =>
      get.parameters.filter((parameter) => parameter.in === place).map(({ name }) => name)
    const query = named('query')
    const types = Object.keys(get.responses['200']?.content ?? {})
    return [
      {
        id: get.operationId,
        path,
        kind: types.some((type) => fileTypes.includes(type))
          ? 'export'
          : query.includes('page') || query.includes('cursor')
            ? 'list'
            : 'one',
        pathParameters: named('path'),
        filters: query.filter((name) => !ofForm.has(name)),
      },
    ]
  })
}
