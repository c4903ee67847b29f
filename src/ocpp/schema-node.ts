// A JSON schema of the Open Charge Alliance as a tree: one node per field, with references resolved, so that a payload
// and its schema can be walked together. It supports only the keywords that the schemas use (a test checks that).

import type { JsonSchema } from './json-schema.ts'

/** Keywords that limit what a payload may be. Others (`title`, `default`, …) only describe. */
export const limitingKeywords = [
  'type',
  'enum',
  'format',
  'maxLength',
  'minItems',
  'maxItems',
  'minimum',
  'maximum',
  'multipleOf',
  'required',
  'additionalProperties',
] as const

/** A keyword of JSON schema that a payload can break. */
export type Keyword = (typeof limitingKeywords)[number]

/** The schema of one field, or of the payload itself. Fields and items are created on first access. */
export class SchemaNode {
  /** The object or list that contains it; null for the payload. */
  readonly parent: SchemaNode | null
  /** Name of the field; of an element, that of its list; '' for the payload. */
  readonly name: string
  /** Its position, as a JSON pointer with `*` for the elements of lists. */
  readonly pointer: string
  readonly type: string | undefined
  readonly words: readonly unknown[] | undefined
  readonly format: string | undefined
  readonly charactersMax: number | undefined
  readonly itemsMin: number | undefined
  readonly itemsMax: number | undefined
  readonly minimum: number | undefined
  readonly maximum: number | undefined
  readonly multipleOf: number | undefined
  /** Whether the field is required. */
  readonly isRequired: boolean
  /** Names of the required fields. */
  readonly required: readonly string[]
  /** Whether an object may have further fields. */
  readonly isOpen: boolean
  readonly #schema: JsonSchema
  readonly #root: JsonSchema
  #fields: ReadonlyMap<string, SchemaNode> | null = null
  #items: SchemaNode | null = null

  /** The node of a whole payload; `root` is its schema, with the `definitions` that it refers to. */
  static of(root: JsonSchema): SchemaNode {
    return new SchemaNode(root, root, null, '', '', true)
  }

  private constructor(
    schema: JsonSchema,
    root: JsonSchema,
    parent: SchemaNode | null,
    name: string,
    pointer: string,
    isRequired: boolean,
  ) {
    this.#schema = schema
    this.#root = root
    this.parent = parent
    this.name = name
    this.pointer = pointer
    this.isRequired = isRequired
    this.type = textOf(schema.type)
    this.words = Array.isArray(schema.enum) ? schema.enum : undefined
    this.format = textOf(schema.format)
    this.charactersMax = numberOf(schema.maxLength)
    this.itemsMin = numberOf(schema.minItems)
    this.itemsMax = numberOf(schema.maxItems)
    this.minimum = numberOf(schema.minimum)
    this.maximum = numberOf(schema.maximum)
    this.multipleOf = numberOf(schema.multipleOf)
    this.required = Array.isArray(schema.required) ? schema.required.map(String) : []
    this.isOpen = schema.additionalProperties !== false
  }

  /** Fields that an object may have by name. */
  get fields(): ReadonlyMap<string, SchemaNode> {
    return (this.#fields ??= this.#fieldNodes())
  }

  /** Schema of the elements of a list; null if it is not a list. */
  get items(): SchemaNode | null {
    if (this.#items === null && isSchema(this.#schema.items)) {
      this.#items = this.#child(this.#schema.items, this.name, '*', false)
    }
    return this.#items
  }

  #fieldNodes(): ReadonlyMap<string, SchemaNode> {
    const { properties } = this.#schema
    if (!isSchema(properties)) return new Map()
    return new Map(
      Object.entries(properties).map(([name, schema]) => [
        name,
        this.#child(schema, name, name, this.required.includes(name)),
      ]),
    )
  }

  #child(schema: unknown, name: string, step: string, isRequired: boolean): SchemaNode {
    return new SchemaNode(this.#followed(schema), this.#root, this, name, `${this.pointer}/${step}`, isRequired)
  }

  #followed(schema: unknown): JsonSchema {
    if (!isSchema(schema)) return {}
    const reference = textOf(schema.$ref)
    if (reference === undefined) return schema
    const { definitions } = this.#root
    return this.#followed(isSchema(definitions) ? definitions[reference.slice('#/definitions/'.length)] : undefined)
  }
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' ? value : undefined
}
