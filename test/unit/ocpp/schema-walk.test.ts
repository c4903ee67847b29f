import { describe, expect, test } from 'bun:test'
import { requestNode } from '../../../src/examine/schema.ts'
import { limitingKeywords, SchemaNode } from '../../../src/ocpp/schema-node.ts'
import { type RepairOutcome, walk } from '../../../src/ocpp/schema-walk.ts'
import { tables } from '../../../src/blocks/messages.ts'
import { ocppVersions } from '../../../src/ocpp/version.ts'

/** Keywords that describe, or that say where to look. */
const others = [
  ...['$id', '$ref', '$schema', 'additionalItems', 'comment', 'default', 'definitions', 'description'],
  ...['items', 'javaType', 'properties', 'title', '$comment'],
]

function keywordsOf(schema: unknown, found: Set<string>, seen: Set<unknown>): void {
  if (typeof schema !== 'object' || schema === null || seen.has(schema)) return
  seen.add(schema)
  for (const [keyword, value] of Object.entries(schema)) {
    found.add(keyword)
    if (keyword === 'properties' || keyword === 'definitions') {
      for (const inner of Object.values(value as object)) keywordsOf(inner, found, seen)
    } else if (keyword === 'items') keywordsOf(value, found, seen)
  }
}

test('the schemas of all versions use no keyword that the walk does not know', () => {
  const found = new Set<string>()
  const seen = new Set<unknown>()
  for (const version of ocppVersions) {
    for (const { request, response } of Object.values(tables[version])) {
      keywordsOf(request, found, seen)
      keywordsOf(response, found, seen)
    }
  }
  const known: readonly string[] = [...limitingKeywords, ...others]
  expect([...found].filter((keyword) => !known.includes(keyword))).toEqual([])
})

describe('a node', () => {
  test('is found through lists and references', () => {
    const event = requestNode('2.0.1', 'TransactionEvent')
    const sample = event.fields.get('meterValue')?.items?.fields.get('sampledValue')?.items
    expect(sample?.fields.get('value')).toMatchObject({
      name: 'value',
      pointer: '/meterValue/*/sampledValue/*/value',
      type: 'number',
      isRequired: true,
    })
  })

  test('knows no field that every object has', () => {
    expect(requestNode('1.6', 'StopTransaction').fields.get('toString')).toBeUndefined()
  })

  test('of a schema that refers to itself is made when it is asked for', () => {
    const list = { type: 'object', properties: { next: { $ref: '#/definitions/List' } } }
    const root = { ...list, definitions: { List: list } }
    expect(SchemaNode.of(root).fields.get('next')?.fields.get('next')?.pointer).toBe('/next/next')
  })
})

describe('a walk', () => {
  const node = SchemaNode.of({
    type: 'object',
    additionalProperties: false,
    properties: {
      text: { type: 'string', maxLength: 3 },
      list: { type: 'array', items: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] } },
    },
    required: ['text'],
  })

  function reported(payload: unknown, outcome: RepairOutcome = 'kept'): string[] {
    const reports: string[] = []
    walk(node, payload, ({ keyword, path }) => {
      reports.push(`${keyword} ${path()}`)
      return outcome
    })
    return reports
  }

  test('reports every broken keyword once, parents before children', () => {
    expect(reported({ text: 'long!', list: [{}, { n: 1 }, { n: 'x' }], 'a/b': 1 })).toEqual([
      'additionalProperties /a~1b',
      'maxLength /text',
      'required /list/0/n',
      'type /list/2/n',
    ])
  })

  test('ends when the repair says stop', () => {
    expect(reported({ list: [{}, {}] }, 'stop')).toEqual(['required /text'])
  })

  test('counts characters, not halves of them', () => {
    expect(reported({ text: '😀😀😀' })).toEqual([])
    expect(reported({ text: '😀😀😀😀' })).toEqual(['maxLength /text'])
  })

  test('continues with the repaired value', () => {
    const payload: { text: string; list: { n: unknown }[] } = { text: 'a', list: [{ n: '7' }, { n: 'x' }] }
    const paths: string[] = []
    walk(node, payload, ({ ref, path }) => {
      paths.push(path())
      if (ref !== null) ref.value = Number(ref.value)
      return 'changed'
    })
    expect(payload.list[0]).toEqual({ n: 7 })
    // NaN is no integer either, however often it is put there.
    expect(paths.filter((path) => path === '/list/1/n').length).toBeLessThan(20)
  })

  test('removes elements at the end of their list', () => {
    const payload = { text: 'a', list: [{ n: 1 }, 'x', {}, { n: 4 }] }
    walk(node, payload, ({ keyword }) => (keyword === 'required' ? 'holderRemoved' : 'removed'))
    expect(payload.list).toEqual([{ n: 1 }, { n: 4 }])
  })
})
