// The rules of the house, held by a test: who may import whom, no cycles, no barrels, no long files, one owner per library.

import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { basename, dirname, join, relative, resolve } from 'node:path'
import { Glob } from 'bun'
import packageJson from '../../package.json' with { type: 'json' }
import type { MessageRow } from '../../src/blocks/message-row.ts'
import { tables } from '../../src/blocks/messages.ts'

const root = resolve(import.meta.dir, '../..')
const files = ['src', 'actors', 'bench', 'test'].flatMap((folder) =>
  [...new Glob('**/*.ts').scanSync({ cwd: join(root, folder) })].map((file) => join(folder, file)),
)
const sources = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]))

/** All parts of the program. */
const program = [
  'feed',
  'gateway',
  'station',
  'api',
  'blocks/routes',
  'actors',
  'exports',
  'store',
  'workers',
  'auth',
  'examine',
  'operators',
  'blocks',
  'ocpp',
  'base',
]

/** Which areas each area may import from, besides itself. `main` opens every part, so it may import them all. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  base: [],
  ocpp: ['base'],
  blocks: ['actors', 'ocpp', 'base'],
  'blocks/routes': ['actors', 'api', 'examine', 'operators', 'blocks', 'ocpp', 'base'],
  operators: ['blocks', 'base'],
  examine: ['blocks', 'ocpp', 'base'],
  feed: ['blocks', 'base'],
  actors: ['examine', 'blocks', 'ocpp', 'base'],
  store: ['operators', 'blocks', 'ocpp', 'base'],
  exports: ['api', 'store', 'workers', 'blocks', 'base'],
  workers: ['examine', 'blocks', 'ocpp', 'base'],
  auth: ['operators', 'blocks', 'base'],
  station: ['feed', 'actors', 'examine', 'blocks', 'ocpp', 'base'],
  gateway: ['station', 'auth', 'blocks', 'ocpp', 'base'],
  api: ['feed', 'actors', 'auth', 'examine', 'operators', 'blocks', 'ocpp', 'base'],
  main: program,
  simulator: ['main', 'examine', 'blocks', 'ocpp', 'base'],
  bench: ['simulator', 'main', ...program, 'test'],
}

/** Which blocks a block may use, besides what stands beside their folders; the files of its routes apart. */
const mayUse: Readonly<Record<string, readonly string[]>> = {
  certificates: ['jobs'],
  display: ['jobs', 'provisioning'],
  diagnostics: ['availability', 'jobs', 'provisioning'],
  firmware: ['jobs'],
  'local-list': ['jobs'],
  'smart-charging': ['diagnostics', 'jobs', 'provisioning'],
  metering: ['availability'],
  provisioning: ['jobs'],
  'remote-control': ['authorization', 'availability', 'smart-charging'],
  transactions: ['authorization', 'availability', 'metering', 'reservation', 'tariff'],
}

/** Libraries that one area alone may import. */
const owners: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^(pg|@electric-sql|dataloader)(\/|$)/, ['store']],
  // Tables stand beside what decides their rows; SQL is run by the store alone.
  [/^drizzle-orm(\/pg-core)?$/, ['blocks', 'operators', 'store']],
  [/^drizzle-orm\/(?!pg-core$)/, ['store']],
  [/^jose$/, ['auth']],
  [/^pino$/, ['base']],
  [/^(piscina|msgpackr)$/, ['workers']],
  [/^xstate(\/|$)/, ['actors']],
  // Simulated charge points make the requests.
  [/^(@peculiar|reflect-metadata)(\/|$)/, ['auth', 'simulator']],
  [/^(hono|@hono|@scalar)(\/|$)/, ['api', 'blocks/routes']],
  [/^csv-parse(\/|$)/, ['api']],
  [/^hyparquet/, ['exports']],
  [/^(ajv|@hyperjump)(\/|$)/, ['examine', 'ocpp']],
]

/** Unit tests that are about no file of the program alone, each with what it is about instead. */
const ofNoFile: Readonly<Record<string, string>> = {
  'api/command-errors': 'commands of several blocks that fail, as all routes report them',
  'auth/ways-in/conformance': 'what all ways in have in common',
  'bench/figures': 'the way from measurements to a verdict and a report',
  'station/goes-on': 'the registry, a connection and the life of a message together',
  'station/rehydrated': 'the registry, a connection and the life of a message together',
  'store/migration-rules': 'the SQL in drizzle/',
}

function areaOf(file: string): string {
  const [top = '', second = ''] = file.split('/')
  if (top !== 'src') return top
  if (second === 'blocks' && basename(file).startsWith('route')) return 'blocks/routes'
  return second === 'main.ts' ? 'main' : second
}

/** The block that a file belongs to; null for what stands beside the blocks. */
function blockOf(file: string): string | null {
  return /^src\/blocks\/([^/]+)\//.exec(file)?.[1] ?? null
}

/** Everything a file imports or re-exports, by the text between the quotes. */
function importsOf(source: string): string[] {
  return [
    ...source.matchAll(
      /^(?:import|export)\s[^'"]*?from\s+['"]([^'"]+)['"]|^import\s+['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm,
    ),
  ].map((match) => match[1] ?? match[2] ?? match[3] ?? '')
}

const graph = new Map(
  [...sources].map(([file, source]) => [
    file,
    importsOf(source)
      .filter((target) => target.startsWith('.') && target.endsWith('.ts'))
      .map((target) => relative(root, resolve(root, dirname(file), target))),
  ]),
)

describe('the house', () => {
  test('imports only go down the layers', () => {
    const wrong = [...graph].flatMap(([file, targets]) => {
      const area = areaOf(file)
      if (area === 'test') return []
      const allowed = [area, ...(mayImport[area] ?? [])]
      return targets.filter((target) => !allowed.includes(areaOf(target))).map((target) => `${file} imports ${target}`)
    })
    expect(wrong).toEqual([])
  })

  test('the table of folders in docs/architecture.md names every folder, and what it may import', () => {
    const document = readFileSync(join(root, 'docs/architecture.md'), 'utf8')
    const rows = [...document.matchAll(/^\| `(?:src\/)?([\w.]+)\/?` +\|[^|]*\| ([^|]*?) +\|$/gm)]
    const described = new Map(rows.map(([, folder = '', imports = '']) => [folder.replace('.ts', ''), imports]))
    expect([...described.keys()].sort()).toEqual(
      [...new Set([...files.map(areaOf), 'drizzle'])].filter((area) => area !== 'blocks/routes').sort(),
    )
    const listed = [...described].filter(([, imports]) => imports !== '' && !imports.startsWith('everything'))
    expect(Object.fromEntries(listed)).toEqual(
      Object.fromEntries(listed.map(([area]) => [area, (mayImport[area] ?? []).join(', ')])),
    )
  })

  test('a block uses only the blocks below it', () => {
    const wrong = [...graph].flatMap(([file, targets]) => {
      const block = blockOf(file)
      if (block === null || areaOf(file) !== 'blocks') return []
      const allowed = [block, ...(mayUse[block] ?? [])]
      return targets
        .filter((target) => !allowed.includes(blockOf(target) ?? block))
        .map((target) => `${file} imports ${target}`)
    })
    expect(wrong).toEqual([])
  })

  test('nothing but the wire and the blocks themselves asks for a version', () => {
    const wrong = [...sources].filter(
      ([file, source]) =>
        /^(src|actors)\//.test(file) &&
        !['ocpp', 'simulator'].includes(areaOf(file)) &&
        /[!=]== '(1\.6|2\.0\.1|2\.1)'|'(1\.6|2\.0\.1|2\.1)' [!=]==/.test(source),
    )
    expect(wrong.map(([file]) => file)).toEqual([])
  })

  test('what only saves CPU in the store stands apart, and knows nothing of the rest of it', () => {
    const isWire = (file: string): boolean => file.startsWith('src/store/wire/')
    const wrong = [...graph].flatMap(([file, targets]) =>
      isWire(file)
        ? targets.filter((target) => areaOf(target) === 'store' && !isWire(target)).map((to) => `${file} imports ${to}`)
        : [],
    )
    const drivers = [...sources].filter(
      ([file, source]) => areaOf(file) === 'store' && !isWire(file) && /\bSubmittable\b|\.stream\b/.test(source),
    )
    expect([...wrong, ...drivers.map(([file]) => `${file} reaches into pg`)]).toEqual([])
  })

  test('every area is known to this test', () => {
    const areas = new Set(files.map(areaOf))
    areas.delete('test')
    expect([...areas].filter((area) => mayImport[area] === undefined)).toEqual([])
  })

  test('no imports run in a circle', () => {
    const done = new Set<string>()
    const circles: string[] = []
    const visit = (file: string, trail: readonly string[]): void => {
      if (trail.includes(file)) {
        circles.push([...trail.slice(trail.indexOf(file)), file].join(' → '))
        return
      }
      if (done.has(file)) return
      for (const target of graph.get(file) ?? []) visit(target, [...trail, file])
      done.add(file)
    }
    for (const file of graph.keys()) visit(file, [])
    expect(circles).toEqual([])
  })

  test('no file only re-exports others', () => {
    const barrels = [...sources].filter(([file, source]) => {
      const code = source.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('//'))
      return !file.startsWith('test/fixtures') && code.length > 0 && code.every((line) => /^export .* from /.test(line))
    })
    expect(barrels.map(([file]) => file)).toEqual([])
  })

  test('no file is longer than 500 lines without saying why on its first line', () => {
    const long = [...sources].filter(
      ([, source]) =>
        source.split('\n').length > 501 && !/^\/\/ .*\b(long|lines?)\b/i.test(source.split('\n')[0] ?? ''),
    )
    expect(long.map(([file]) => file)).toEqual([])
  })

  test('every file of the program says on its first line what it is for', () => {
    const silent = [...sources].filter(
      ([file, source]) => !file.startsWith('test/') && !/^(#!.*\n)?\/\/ \S/.test(source),
    )
    expect(silent.map(([file]) => file)).toEqual([])
  })

  test('no line of a comment is longer than 120 columns', () => {
    const long = [...sources].flatMap(([file, source]) => {
      if (areaOf(file) === 'test') return []
      const lines = source.split('\n').map((line, index) => ({ line, at: `${file}:${index + 1}` }))
      return lines.filter(({ line }) => line.length > 120 && /^\s*(\/\/|\/?\*)/.test(line)).map(({ at }) => at)
    })
    expect(long).toEqual([])
  })

  test('every route says who may use it: the metrics, which scrapers read too, are the only one not made by routeFor', () => {
    const making = [...sources].filter(([file, source]) => file.startsWith('src/') && source.includes('createRoute('))
    expect(making.map(([file]) => file).toSorted()).toEqual(['src/api/metrics.ts', 'src/api/route.ts'])
  })

  test('each library has one owner', () => {
    const wrong = [...sources].flatMap(([file, source]) =>
      importsOf(source).flatMap((target) =>
        owners
          .filter(([library, areas]) => library.test(target) && !['test', 'bench', ...areas].includes(areaOf(file)))
          .map(() => `${file} imports ${target}`),
      ),
    )
    expect(wrong).toEqual([])
  })

  test('the program imports only packages that an installation for production has', () => {
    const { dependencies } = packageJson
    const used = [...sources].flatMap(([file, source]) =>
      /^(src|actors)\//.test(file)
        ? importsOf(source)
            .filter((target) => !/^(\.|node:|bun(:|$))/.test(target))
            .map((target) => ({ file, library: /^(@[^/]+\/)?[^/]+/.exec(target)?.[0] ?? '' }))
        : [],
    )
    const wrong = used.filter(({ library }) => !Object.hasOwn(dependencies, library))
    expect(wrong).toEqual([])
    const isUsed = new Set(used.map(({ library }) => library))
    expect(Object.keys(dependencies).filter((library) => !isUsed.has(library))).toEqual([])
  })

  test('deciding and examining do no input or output', () => {
    const pure = [...sources].filter(([file]) => ['blocks', 'examine', 'ocpp'].includes(areaOf(file)))
    const wrong = pure.flatMap(([file, source]) =>
      importsOf(source)
        .filter((target) => /^(node:|bun$)/.test(target))
        .map((target) => `${file} imports ${target}`),
    )
    expect(wrong).toEqual([])
  })

  test('beside the store, only what defines tables and their rows knows drizzle', () => {
    const users = [...sources]
      .filter(
        ([file, source]) => areaOf(file) === 'blocks' && importsOf(source).some((target) => /^drizzle/.test(target)),
      )
      .map(([file]) => file)
    const definitions = /^src\/blocks\/(column-types|stored-rows|charge-point-tables|[^/]+\/tables)\.ts$/
    expect(users.filter((file) => !definitions.test(file))).toEqual([])
  })

  test('a unit test stands where the file stands that it tests', () => {
    const tested = files.flatMap((file) => /^test\/unit\/(.+\/.+)\.test\.ts$/.exec(file)?.[1] ?? [])
    const isThere = (path: string): boolean => sources.has(`src/${path}.ts`) || sources.has(`${path}.ts`)
    const lost = tested.filter((path) => !isThere(path))
    expect(lost.toSorted()).toEqual(Object.keys(ofNoFile).toSorted())
  })

  test('every message that is decided on is named by a unit test of its block', () => {
    const rows = Object.values(tables).flatMap((table) => Object.entries<MessageRow>(table))
    const decided = rows.filter(([, row]) => row.handler !== null && row.standingAnswer === null)
    const untested = decided.filter(([action, { block }]) => {
      const name = new RegExp(`\\b${action}\\b`)
      return ![...sources].some(([file, source]) => file.startsWith(`test/unit/blocks/${block}/`) && name.test(source))
    })
    expect(decided.length).toBeGreaterThan(0)
    expect(untested.map(([action, { block }]) => `${block}: ${action}`)).toEqual([])
  })

  test('every folder with tests is run before a change lands, and every day', () => {
    const tests = files.filter((file) => file.endsWith('.test.ts'))
    const folders = new Set(tests.map((file) => file.split('/').slice(0, 2).join('/')))
    const unnamed = (file: string): string[] => {
      const text = readFileSync(join(root, file), 'utf8')
      const names = new Set([...text.matchAll(/\btest\/\w+(?![\w/])/g)].map(([name]) => name))
      return [...folders].filter((folder) => !names.has(folder))
    }
    expect(unnamed('.ci/run')).toEqual([])
    // `bun run fuzz` and `bun run faults` run these.
    for (const folder of ['test/simulation', 'test/fuzz', 'test/fault']) folders.delete(folder)
    expect(unnamed('test/run.ts')).toEqual([])
  })

  test('every fixed version is exact', () => {
    const versions = Object.entries({ ...packageJson.dependencies, ...packageJson.devDependencies })
    expect(versions.filter(([, version]) => !/^(npm:[^@]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([])
  })
})
