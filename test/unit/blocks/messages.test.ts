import { afterAll, beforeAll, describe, expect, spyOn, test } from 'bun:test'
import standardValidators from 'ocpp-rpc/lib/standard-validators'
import type { MessageRow } from '../../../src/blocks/message-row.ts'
import { checkRequest, checkResponse } from '../../../src/examine/schema.ts'
import { rowOf, tables } from '../../../src/blocks/messages.ts'
import { type OcppVersion, ocppVersions } from '../../../src/ocpp/version.ts'
import type { MessageFixture } from '../../fixtures/message-fixture.ts'
import { fixtures16 } from '../../fixtures/v16.ts'
import { fixtures201 } from '../../fixtures/v201.ts'
import { fixtures21 } from '../../fixtures/v21.ts'
import { brokenSamples, fullestSample, smallestSample } from '../../support/schema-sample.ts'

const handwritten: Readonly<Record<OcppVersion, Readonly<Record<string, MessageFixture>>>> = {
  '1.6': fixtures16,
  '2.0.1': fixtures201,
  '2.1': fixtures21,
}

function fixtureOf(version: OcppVersion, action: string, row: MessageRow): MessageFixture {
  const written = handwritten[version][action]
  return {
    valid: [...(written?.valid ?? []), smallestSample(row.request), fullestSample(row.request)],
    invalid: [...(written?.invalid ?? []), ...brokenSamples(row.request)],
    responses:
      row.response === null
        ? []
        : [...(written?.responses ?? []), smallestSample(row.response), fullestSample(row.response)],
  }
}

/** The verdict of an independent library (ocpp-rpc) on a payload, by its own copy of the schemas. */
function isValidElsewhere(version: OcppVersion, schemaName: string, payload: unknown): boolean {
  const validator = standardValidators.find(({ subprotocol }) => subprotocol === `ocpp${version}`)
  if (validator === undefined) throw new Error(`ocpp-rpc knows no OCPP ${version}`)
  try {
    validator.validate(schemaName, payload)
    return true
  } catch {
    return false
  }
}

function schemaNameElsewhere(version: OcppVersion, action: string, row: MessageRow): string {
  if (row.response === null) return `urn:${action}`
  return version === '2.1' ? `urn:${action}Request` : `urn:${action}.req`
}

function isSampleEmptyOrWide(payload: unknown): boolean {
  return /"(meterValue|sampledValue)":\[\]|2147483648/.test(JSON.stringify(payload))
}

// ocpp-rpc compiles its schemas with warnings that say nothing about the payloads.
const warnings = spyOn(console, 'warn')
beforeAll(() => {
  warnings.mockImplementation(() => undefined)
})
afterAll(() => {
  warnings.mockRestore()
})

describe.each(ocppVersions.map((version) => [version]))('table of OCPP %s', (version) => {
  const rows = Object.entries(tables[version])

  test('has a row for every message', () => {
    expect(rows).toHaveLength({ '1.6': 39, '2.0.1': 64, '2.1': 91 }[version])
  })

  test.each(rows)('accepts the valid requests and responses of %s', (action, row) => {
    const { valid, responses } = fixtureOf(version, action, row)
    for (const payload of valid) expect(checkRequest(version, action, payload)).toEqual([])
    for (const payload of responses) expect(checkResponse(version, action, payload)).toEqual([])
    expect(responses.length > 0).toBe(row.response !== null)
  })

  test.each(rows)('refuses the invalid requests of %s where they are wrong, with the code for it', (action, row) => {
    for (const { payload, path, code } of fixtureOf(version, action, row).invalid) {
      const found = checkRequest(version, action, payload).map((problem) => ({
        path: problem.path,
        code: problem.code,
      }))
      expect(found).toContainEqual({ path, code })
    }
  })

  test.each(rows)('agrees with ocpp-rpc on the payloads of %s', (action, row) => {
    const { valid, invalid } = fixtureOf(version, action, row)
    const schemaName = schemaNameElsewhere(version, action, row)
    for (const payload of valid) expect(isValidElsewhere(version, schemaName, payload)).toBe(true)
    for (const { payload } of invalid) {
      // The text of the specification has two rules that are missing in the schemas.
      if (!isSampleEmptyOrWide(payload)) expect(isValidElsewhere(version, schemaName, payload)).toBe(false)
    }
  })

  test.each(rows)('has the section of the specification for %s', (_, row) => {
    expect(row.section).toStartWith(`${version} `)
  })

  test.each(rows)('has a handler for %s if a charge point sends it, and stores nothing of it otherwise', (_, row) => {
    if (row.direction !== 'toChargePoint') expect(row.handler).not.toBeNull()
    else expect(row).toMatchObject({ handler: null, durability: 'none', transactional: false })
  })

  test('has written fixtures for every message that a charge point sends', () => {
    const sent = rows.filter(([, row]) => row.direction !== 'toChargePoint').map(([action]) => action)
    expect(Object.keys(handwritten[version]).toSorted()).toEqual(sent.toSorted())
  })

  test('has no row for names of Object.prototype', () => {
    for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
      expect(rowOf(version, name)).toBeUndefined()
    }
  })
})

test('a transaction message is answered only after its COMMIT', () => {
  for (const version of ocppVersions) {
    for (const row of Object.values(tables[version])) {
      if (row.transactional) expect(row.durability).toBe('committed')
    }
  }
})
