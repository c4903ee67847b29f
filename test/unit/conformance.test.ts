// The cases of the specification: each has a test, or a reason why it has none; and docs/conformance.md says so.

import { describe, expect, test } from 'bun:test'
import { conformanceDocument, conformanceTables } from '../conformance/document.ts'
import { notYet16, tested16 } from '../../src/simulator/cases/ocpp-16/cases.ts'
import { notYet201, tested201 } from '../../src/simulator/cases/ocpp-201/cases.ts'
import { cases201 } from '../../src/simulator/cases/ocpp-201/list.ts'
import { own21 } from '../../src/simulator/cases/ocpp-21/cases.ts'
import { v16, v21 } from '../../src/blocks/messages.ts'
import { withoutPadding, writtenTable } from '../support/operations-tables.ts'

describe('docs/conformance.md', () => {
  for (const [name, render] of Object.entries(conformanceTables)) {
    test(`has the table of ${name} as the tests have it (bun test/conformance/document.ts writes it)`, async () => {
      expect(writtenTable(await conformanceDocument(), name)).toBe(withoutPadding(render()))
    })
  }
})

test('every case of OCPP 2.0.1 that tests a central system has a test, or a reason why it has none', () => {
  const tested = Object.values(tested201).flatMap((file) => Object.keys(file))
  expect([...tested, ...Object.keys(notYet201)].toSorted()).toEqual(Object.keys(cases201).toSorted())
})

test('every action of OCPP 1.6 is in a case, and no case is both tested and listed as not met', async () => {
  const tested = Object.values(tested16).flatMap((file) => Object.keys(file))
  expect(Object.keys(notYet16).filter((id) => tested.includes(id))).toEqual([])
  const folder = new URL('../../src/simulator/cases/ocpp-16/', import.meta.url)
  const sources = await Promise.all(Object.keys(tested16).map((file) => Bun.file(new URL(file, folder)).text()))
  const untested = Object.keys(v16).filter((action) => !new RegExp(`\\b${action}\\b`).test(sources.join('\n')))
  expect(untested).toEqual([])
})

test('every message of OCPP 2.1 has a case in each of its directions', () => {
  const wanted = Object.entries(v21).flatMap(([action, { direction }]) => [
    ...(direction === 'toChargePoint' ? [] : [`2.1 ${action}, from the station`]),
    ...(direction === 'fromChargePoint' ? [] : [`2.1 ${action}, to the station`]),
  ])
  const cases = Object.values(own21).flatMap((file) => Object.keys(file))
  expect(cases.toSorted()).toEqual(wanted.toSorted())
})
