// Every action that a central system may send, of every version: whatever breaks its schema is refused by field before
// anything is sent. That the others arrive and are answered is shown in `test/integration/flows/every-row.test.ts`.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { tables } from '../../../src/blocks/messages.ts'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { brokenSamples } from '../../support/schema-sample.ts'
import { TestStator } from '../../support/stator.ts'
import { ocppVersions } from '../../../src/ocpp/version.ts'

let stator: TestStator

beforeAll(async () => {
  stator = await TestStator.start()
})

afterAll(() => stator.stop())

describe.each(ocppVersions)('over OCPP %s', (version) => {
  const path = `/api/chargepoints/CP-${version}/calls`
  const sendable = Object.entries(tables[version]).filter(([, { direction }]) => direction !== 'fromChargePoint')
  let raw: RawChargePoint

  beforeAll(async () => {
    raw = await stator.bootedRaw(`CP-${version}`, version)
  })

  test.each(sendable)('%s is refused by field when it breaks its schema', async (action, { request }) => {
    for (const broken of brokenSamples(request)) {
      const answer = await stator.api(path, { body: { action, payload: broken.payload } })
      expect(answer).toMatchObject({
        status: 400,
        body: { error: 'BadRequest', details: { field: `payload${broken.path.replace('/', '.')}` } },
      })
    }
    expect(raw.inbox).toEqual([])
  })
})
