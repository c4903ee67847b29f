// The page at /docs: one self-contained HTML document, readable without JavaScript and without the internet.

import type { OpenAPIHono } from '@hono/zod-openapi'
import { html } from 'hono/html'
import type { HtmlEscapedString } from 'hono/utils/html'

/** An OpenAPI 3.1 document. */
export type ApiDocument = ReturnType<OpenAPIHono['getOpenAPI31Document']>

type Html = HtmlEscapedString | Promise<HtmlEscapedString>
type PathItem = NonNullable<ApiDocument['paths']>[string]
type Operation = NonNullable<PathItem['get']>
type Schema = NonNullable<NonNullable<ApiDocument['components']>['schemas']>[string]
type SchemaObject = Exclude<Schema, { $ref: string }>
type Parameter = NonNullable<Operation['parameters']>[number]

interface Endpoint {
  readonly method: string
  readonly path: string
  readonly operation: Operation
}

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const

/** The page for `document`. */
export function docsPage(document: ApiDocument): Html {
  const endpoints = endpointsOf(document)
  const tags = [...new Set(endpoints.map(({ operation }) => tagOf(operation)))]
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${document.info.title} API</title>
        <style>
          ${style}
        </style>
      </head>
      <body>
        <header>
          <h1>${document.info.title} API <small>${document.info.version}</small></h1>
          ${paragraphs(document.info.description ?? '')}
          <p>The same for machines: <a href="/openapi.json">/openapi.json</a></p>
        </header>
        <nav>
          ${tags.map(
            (tag) =>
              html`<h2>${tag}</h2>
                <ul>
                  ${endpoints
                    .filter(({ operation }) => tagOf(operation) === tag)
                    .map(
                      (endpoint) =>
                        html`<li>
                          <a href="#${anchorOf(endpoint)}">${badge(endpoint)} ${endpoint.operation.summary}</a>
                        </li>`,
                    )}
                </ul>`,
          )}
        </nav>
        <main>${endpoints.map((endpoint) => endpointSection(endpoint, document))}</main>
      </body>
    </html>`
}

function endpointsOf(document: ApiDocument): Endpoint[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = item[method]
      return operation === undefined ? [] : [{ method, path, operation }]
    }),
  )
}

function tagOf(operation: Operation): string {
  return operation.tags?.[0] ?? 'Other'
}

function anchorOf({ method, path }: Endpoint): string {
  return `${method}${path.replaceAll(/[^a-zA-Z0-9]+/g, '-')}`
}

function badge({ method }: Endpoint): Html {
  return html`<b class="${method}">${method.toUpperCase()}</b>`
}

function endpointSection(endpoint: Endpoint, document: ApiDocument): Html {
  const { path, operation } = endpoint
  return html`<section id="${anchorOf(endpoint)}">
    <h3>${operation.summary}</h3>
    <p class="path">${badge(endpoint)} <code>${path}</code></p>
    ${paragraphs(operation.description ?? '')} ${fieldTable(operation, document)} ${requestExample(operation, document)}
    ${answers(operation, document)}
  </section>`
}

// What a request is made of: the fields of its path and query, then those of its body.
function fieldTable({ parameters = [], requestBody }: Operation, document: ApiDocument): Html | string {
  const rows = parameters.flatMap((parameter) =>
    '$ref' in parameter ? [] : [fieldRow(parameter, parameter.in, parameter.required === true, document)],
  )
  const body = bodySchema(requestBody, document)
  for (const [name, schema] of Object.entries(body?.properties ?? {})) {
    rows.push(fieldRow({ name, schema }, 'body', body?.required?.includes(name) === true, document))
  }
  if (rows.length === 0) return ''
  const mayBeLeftOut = body !== undefined && requestBody !== undefined && !isRequired(requestBody)
  return html`<table>
      <tr>
        <th>Field</th>
        <th>In</th>
        <th>Required</th>
        <th>Type and limits</th>
        <th></th>
      </tr>
      ${rows}
    </table>
    ${paragraphs(body?.description ?? '')} ${mayBeLeftOut ? html`<p>The body may be left out.</p>` : ''}`
}

function fieldRow(
  { name, schema, description }: Pick<Exclude<Parameter, { $ref: string }>, 'name' | 'schema' | 'description'>,
  place: string,
  required: boolean,
  document: ApiDocument,
): Html {
  const resolved = schema === undefined ? undefined : resolve(schema, document)
  return html`<tr>
    <td><code>${name}</code></td>
    <td>${place}</td>
    <td>${required ? 'required' : 'optional'}</td>
    <td>${resolved === undefined ? '' : typeAndLimits(resolved, document)}</td>
    <td>${description ?? resolved?.description ?? ''}</td>
  </tr>`
}

function isRequired(requestBody: NonNullable<Operation['requestBody']>): boolean {
  return 'required' in requestBody && requestBody.required === true
}

function bodySchema(requestBody: Operation['requestBody'], document: ApiDocument): SchemaObject | undefined {
  if (requestBody === undefined || '$ref' in requestBody) return undefined
  const schema = requestBody.content['application/json']?.schema
  return schema === undefined ? undefined : resolve(schema, document)
}

/** `schema`, or what it refers to. */
function resolve(schema: Schema, document: ApiDocument): SchemaObject | undefined {
  if (!('$ref' in schema)) return schema
  const target = document.components?.schemas?.[schema.$ref.split('/').at(-1) ?? '']
  return target === undefined ? undefined : resolve(target, document)
}

/** As in "integer, 1 to 500, default 20" or "text, 1 to 36 characters, or null". */
function typeAndLimits(schema: SchemaObject, document: ApiDocument): string {
  const types = [schema.type ?? []].flat()
  const words = types.filter((type) => type !== 'null').map((type) => typeWords(type, schema, document))
  const orNull = types.includes('null') ? ', or null' : ''
  const fallback =
    schema.default === undefined
      ? ''
      : `, default ${typeof schema.default === 'string' ? schema.default : JSON.stringify(schema.default)}`
  return `${words.join(' or ')}${orNull}${fallback}`
}

function typeWords(type: string, schema: SchemaObject, document: ApiDocument): string {
  if (schema.enum !== undefined) return `one of ${schema.enum.filter((word) => word !== null).join(', ')}`
  const items = type === 'array' && schema.items !== undefined ? resolve(schema.items, document) : undefined
  if (items !== undefined) return `list of ${typeAndLimits(items, document)}`
  if (type !== 'string') return `${type}${range(schema.minimum, schema.maximum, schema.exclusiveMinimum)}`
  const characters = range(schema.minLength, schema.maxLength)
  return `${formatWords[schema.format ?? ''] ?? 'text'}${characters === '' ? '' : `${characters} characters`}`
}

const formatWords: Readonly<Record<string, string>> = { 'date-time': 'time in ISO 8601', uri: 'URL' }

function range(min: number | undefined, max: number | undefined, above?: number | boolean): string {
  const least = typeof above === 'number' ? `above ${above}` : min
  if (least === undefined) return max === undefined ? '' : `, at most ${max}`
  if (max === undefined) return `, ${typeof least === 'number' ? `at least ${least}` : least}`
  return typeof least === 'number' ? `, ${least} to ${max}` : `, ${least}, at most ${max}`
}

function requestExample({ requestBody }: Operation, document: ApiDocument): Html | string {
  if (requestBody === undefined || '$ref' in requestBody) return ''
  return example('Request', requestBody.content['application/json']?.schema, document)
}

function answers({ responses }: Operation, document: ApiDocument): Html[] {
  return Object.entries(responses ?? {}).map(([status, response]) => {
    const { description, content } = response
    const schema = content?.['application/json']?.schema
    return status < '300'
      ? html`<p><b>${status}</b> ${description}</p>
          ${example('Answer', schema, document)}`
      : html`<p class="error"><b>${status}</b> ${description}</p>`
  })
}

function example(title: string, schema: Schema | undefined, document: ApiDocument): Html | string {
  if (schema === undefined) return ''
  return html`<details open>
    <summary>${title}</summary>
    <pre>${JSON.stringify(exampleOf(schema, document), null, 2)}</pre>
  </details>`
}

/** A value that fits `schema`: the examples that it carries, and for the rest the plainest of its type. */
function exampleOf(schema: Schema, document: ApiDocument): unknown {
  if ('$ref' in schema) {
    const target = resolve(schema, document)
    return target === undefined ? null : exampleOf(target, document)
  }
  if (schema.example !== undefined) return schema.example
  if (schema.default !== undefined) return schema.default
  if (schema.enum !== undefined) return schema.enum[0]
  const [part] = schema.anyOf ?? schema.oneOf ?? []
  if (part !== undefined) return exampleOf(part, document)
  if (schema.allOf !== undefined) {
    return Object.assign({}, ...schema.allOf.map((one) => exampleOf(one, document)))
  }
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type
  switch (type) {
    case 'object':
      return Object.fromEntries(
        Object.entries(schema.properties ?? {}).map(([name, property]) => [name, exampleOf(property, document)]),
      )
    case 'array':
      return schema.items === undefined ? [] : [exampleOf(schema.items, document)]
    case 'boolean':
      return false
    case 'integer':
    case 'number':
      return Array.isArray(schema.type) ? null : 0
    default:
      return Array.isArray(schema.type) ? null : 'text'
  }
}

/** Text with blank lines between paragraphs and `code` in back quotes. */
function paragraphs(text: string): Html[] {
  return text
    .split('\n\n')
    .filter((paragraph) => paragraph !== '')
    .map((paragraph) => {
      const parts = paragraph.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : part))
      return html`<p>${parts}</p>`
    })
}

const style = `
  :root { color-scheme: light dark; }
  body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem; }
  h1 small { font-weight: normal; opacity: .6; }
  nav ul { list-style: none; margin: 0; padding: 0; }
  nav h2 { font-size: 1rem; margin: 1rem 0 0; }
  section { border-top: 1px solid #8886; margin-top: 2rem; }
  code, pre { font: .9em ui-monospace, monospace; }
  pre { background: #8882; border-radius: .3rem; max-height: 30rem; overflow: auto; padding: .8rem; }
  table { border-collapse: collapse; width: 100%; }
  th, td { border-bottom: 1px solid #8884; padding: .3rem .6rem .3rem 0; text-align: left; vertical-align: top; }
  b.get, b.post, b.put, b.patch, b.delete { color: #fff; border-radius: .2rem; display: inline-block; font-size: .75rem; padding: 0 .4rem; }
  b.get { background: #1565c0; } b.post { background: #2e7d32; } b.patch, b.put { background: #b25e00; } b.delete { background: #b71c1c; }
  p.error { margin: .2rem 0; opacity: .8; }
`
