// A client that `openapi-typescript` generates from /openapi.json: it compiles in the strict mode, and it works.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { copyFile, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import openapiTypescript, { astToString } from 'openapi-typescript'
import { TestStator, adminApiKey } from '../../support/stator.ts'

const root = new URL('../../../', import.meta.url).pathname
let stator: TestStator
let folder: string

beforeAll(async () => {
  stator = await TestStator.start()
  folder = await mkdtemp(join(tmpdir(), 'stator-client-'))
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  await copyFile(join(root, 'test/fixtures/generated-client/client.ts'), join(folder, 'client.ts'))
  await Bun.write(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: join(root, 'tsconfig.json'), include: ['*.ts'], exclude: [] }),
  )
  // By default a field that has a default in the document must be sent.
  const types = await openapiTypescript(new URL('/openapi.json', stator.url), { defaultNonNullable: false })
  await Bun.write(join(folder, 'paths.ts'), astToString(types))
})

afterAll(async () => {
  await stator.stop()
  await rm(folder, { recursive: true })
})

/** What a run of `bun` prints, after it ended without an error. */
async function printed(...command: readonly string[]): Promise<string> {
  const { stdout, stderr, exited } = Bun.spawn([process.execPath, ...command], { stdout: 'pipe', stderr: 'pipe' })
  const [text, errors, code] = await Promise.all([stdout.text(), stderr.text(), exited])
  if (code !== 0) throw new Error(`${text}${errors}`)
  return text
}

test('a generated client compiles', async () => {
  expect(await printed('check', '--no-script', '--project', folder)).toBe('')
})

test('a generated client that calls what the document does not have does not compile', async () => {
  const wrong = join(folder, 'wrong.ts')
  await Bun.write(wrong, "import type { paths } from './paths.ts'\nexport type Wrong = paths['/api/charge-points']\n")
  await expect(printed('check', '--no-script', '--project', folder)).rejects.toThrow('/api/charge-points')
  await rm(wrong)
})

test('a generated client provisions, commands and reads', async () => {
  await stator.station('CP-OF-CLIENT')
  const output = await printed(join(folder, 'client.ts'), stator.url, adminApiKey, 'CP-OF-CLIENT')
  expect(JSON.parse(output)).toEqual({
    tag: 'Accepted',
    chargePoints: ['CP-OF-CLIENT'],
    start: 'Accepted',
    transactionId: expect.any(Number),
    call: 'Accepted',
    unknownKey: ['NoSuchKey'],
    missing: 'NOT_FOUND',
    metrics: true,
    refusedByTypes: 4,
  })
})
