// What docs/deploy prints agrees with the program: versions, paths, settings, timeouts, and the rights of the service.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { Glob } from 'bun'
import packageJson from '../../package.json' with { type: 'json' }
import { loadSettings, settingsFrom } from '../../src/base/config.ts'
import { shutdownMsMax } from '../../src/base/limits.ts'

const root = resolve(import.meta.dir, '../..')
const { connectionTimeoutSeconds } = settingsFrom({}).ocpp

function textOf(file: string): Promise<string> {
  return Bun.file(join(root, file)).text()
}

/** All that `pattern` finds in the files, each with its first group. */
async function found(files: readonly string[], pattern: RegExp): Promise<string[]> {
  const texts = await Promise.all(files.map(textOf))
  return texts.flatMap((text) => [...text.matchAll(pattern)].map(([, group = '']) => group))
}

test('image, checks and types are those of one version of Bun', async () => {
  const files = ['docs/deploy/Containerfile', 'docs/deploy/README.md', '.ci/run']
  const versions = await found(files, /(?:oven\/bun:|\bbun@|Bun )(\d+\.\d+\.\d+)/g)
  expect(versions.length).toBeGreaterThanOrEqual(5)
  expect(new Set(versions)).toEqual(new Set([packageJson.devDependencies['bun-types']]))
})

test('the image copies what is there, .dockerignore lets it through, and no file of the program needs more', async () => {
  const lines = await found(['docs/deploy/Containerfile'], /^COPY (?!--from)(.+) \S+$/gm)
  const copied = new Set(lines.flatMap((line) => line.split(' ')))
  const allowed = await found(['.dockerignore'], /^!(.+)$/gm)
  expect([...copied].toSorted()).toEqual(allowed.toSorted())
  const run = await found(['docs/deploy/Containerfile'], /CMD \["bun", "([^"]+)"\]/g)
  expect(run).toHaveLength(2)
  for (const path of [...copied, ...run])
    expect({ path, isThere: existsSync(join(root, path)) }).toEqual({ path, isThere: true })
  for (const folder of ['src', 'actors']) {
    for (const file of new Glob('**/*.ts').scanSync(join(root, folder))) {
      const from = dirname(join(root, folder, file))
      const targets = await found([join(folder, file)], /(?:from|import\(|new URL\()\s*'(\.[^']+)'/g)
      const outside = targets.filter((target) => {
        const [top = ''] = resolve(from, target)
          .slice(root.length + 1)
          .split('/')
        return !copied.has(top)
      })
      expect({ file, outside }).toEqual({ file, outside: [] })
    }
  }
})

test('service, container and compose file give Stator the time that it takes to stop', async () => {
  const files = ['docs/deploy/stator.service', 'docs/deploy/README.md', 'docs/deploy/compose.yaml']
  const patience = /(?:^TimeoutStopSec=|--stop-timeout=|^ {2}stator:\n(?:.*\n)*? {4}stop_grace_period: )(\d+)/gm
  const seconds = await found(files, patience)
  expect(seconds).toHaveLength(3)
  for (const each of seconds) expect(Number(each) * 1_000).toBeGreaterThan(shutdownMsMax)
})

test('balancers keep a connection for longer than it may be silent', async () => {
  const inHaproxy = /^ +timeout (?:tunnel|client(?=.*\n +timeout server 180s)|server(?= 180s)) +(\d+)s$/gm
  const inNginx = /^ +proxy_(?:read_|send_)?timeout (\d+)s;$/gm
  for (const [file, pattern, count] of [
    ['haproxy-tls.cfg', inHaproxy, 1],
    ['haproxy-passthrough.cfg', inHaproxy, 2],
    ['nginx-tls.conf', inNginx, 2],
    ['nginx-passthrough.conf', inNginx, 1],
  ] as const) {
    const seconds = await found([`docs/deploy/${file}`], pattern)
    expect({ file, count: seconds.length }).toEqual({ file, count })
    for (const each of seconds) expect(Number(each)).toBeGreaterThan(2 * connectionTimeoutSeconds)
  }
})

test('samples of settings load', async () => {
  const samples = await found(['docs/deploy/README.md'], /```json\n([\s\S]+?)```/g)
  expect(samples.length).toBeGreaterThan(0)
  for (const sample of samples) settingsFrom(JSON.parse(sample))
  const files = ['README.md', 'compose.yaml', 'Containerfile', 'stator.service'].map((file) => `docs/deploy/${file}`)
  const texts = await Promise.all(files.map(textOf))
  const variables = texts.flatMap((text) => [...text.matchAll(/\b([A-Z]\w+__\w+)(?:=|: )'?([^\s']+)/g)])
  expect(variables.length).toBeGreaterThan(5)
  for (const [, name = '', value = ''] of variables) {
    const needed = { OCPP__EnableSSL: 'true', OCPP__CertificatePath: 'csms.pem', [name]: value }
    loadSettings({ argv: [], env: needed, readFile: () => null })
  }
})

test.each(['README.md', 'CONTRIBUTING.md', 'docs/deploy/README.md', 'docs/operations.md'])(
  'links of %s lead to a file, and to a heading in it',
  async (file) => {
    const links = await found([file], /\]\(((?!https?:)[^)\s]+)\)/g)
    const dead: string[] = []
    for (const link of links) {
      const [path = '', anchor = ''] = link.split('#')
      const target = path === '' ? join(root, file) : resolve(root, dirname(file), path)
      if (!existsSync(target)) dead.push(link)
      else if (anchor !== '' && !(await anchorsOf(target)).includes(anchor)) dead.push(link)
    }
    expect(dead).toEqual([])
  },
)

/** Anchors of the headings of a document, as GitHub makes them. */
async function anchorsOf(file: string): Promise<string[]> {
  return [...(await Bun.file(file).text()).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-'),
  )
}

const systemdAnalyze = Bun.which('systemd-analyze')
const why = systemdAnalyze === null ? ' (skipped: systemd is not installed)' : ''
/** Of 10; services of Debian have 9 and more. */
const exposureMax = 3

describe.skipIf(systemdAnalyze === null)(`systemd-analyze${why}`, () => {
  let folder: string
  let unit: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stator-unit-'))
    unit = join(folder, 'stator.service')
    const text = await textOf('docs/deploy/stator.service')
    // The program has to be there.
    await Bun.write(unit, text.replaceAll('/usr/local/bin/bun', process.execPath).replaceAll('/opt/stator', root))
  })

  afterAll(() => rm(folder, { recursive: true, force: true }))

  function analyze(...args: readonly string[]): { readonly exitCode: number; readonly printed: string } {
    const { exitCode, stdout, stderr } = Bun.spawnSync([systemdAnalyze ?? '', ...args, unit])
    return { exitCode, printed: `${stdout.toString()}${stderr.toString()}` }
  }

  test('finds nothing wrong with the unit', () => {
    expect(analyze('verify')).toEqual({ exitCode: 0, printed: '' })
  })

  test(`says that the service is exposed to less than ${exposureMax} of 10`, () => {
    const { printed } = analyze('security', '--offline=true', '--no-pager')
    const exposure = /Overall exposure level for stator\.service: ([\d.]+)/.exec(printed)?.[1]
    expect(Number(exposure)).toBeLessThan(exposureMax)
  })
})
