// `schemathesis` against the document and a running Stator with a simulated charge point: every status, header and body
// is one that /openapi.json describes. It is a Python program; where it is not installed, this test is skipped.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { TestStator, adminApiKey } from '../../support/stator.ts'

const command = Bun.which('schemathesis')
let stator: TestStator
let folder: string

beforeAll(async () => {
  stator = await TestStator.start({ settings: { OCPP: { CallTimeout: 1 } } })
  folder = await mkdtemp(join(tmpdir(), 'stator-schemathesis-'))
})

afterAll(async () => {
  await stator.stop()
  await rm(folder, { recursive: true })
})

/** Operations that end the charge point's connection, or forbid the next one. They are run last, by themselves. */
const ending = ['deleteChargePoint', 'changeChargePoint']

test.skipIf(command === null).each([
  ['all but those that end the connection', [...ending.map((operation) => `--exclude-operation-id=${operation}`)]],
  ['those that end the connection', [...ending.map((operation) => `--include-operation-id=${operation}`)]],
])(
  'schemathesis finds nothing in the operations: %s',
  async (_which, operations) => {
    const identity = `CP-${operations.length}-${crypto.randomUUID().slice(0, 8)}`
    await stator.station(identity)
    const { transactionId } = await stator.json(`/api/chargepoints/${identity}/start-transaction`, {
      body: { connectorId: 1, idTag: 'NOBODY' },
    })
    const config = join(folder, 'schemathesis.toml')
    // Without them, it would meet nothing but 404.
    const known = { 'path.chargePointId': identity, 'path.transactionId': transactionId }
    const lines = Object.entries(known).map(([name, value]) => `"${name}" = ${JSON.stringify(value)}\n`)
    await Bun.write(config, `[parameters]\n${lines.join('')}`)
    const { stdout, exited } = Bun.spawn(
      [
        command ?? '',
        `--config-file=${config}`,
        'run',
        `${stator.url}/openapi.json`,
        `--header=X-API-Key: ${adminApiKey}`,
        // What no schema can say, such as a period that ends before it begins: docs/decisions.md.
        '--exclude-checks=positive_data_acceptance',
        '--max-examples=10',
        '--seed=1',
        '--no-color',
        ...operations,
      ],
      { cwd: folder, stdout: 'pipe' },
    )
    const output = await stdout.text()
    if ((await exited) !== 0) throw new Error(output)
    expect(output).toMatch(/(\d{2,}) generated, \1 passed/)
  },
  120_000,
)
