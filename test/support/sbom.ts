// `bun run sbom [FILE]`: writes the bill of materials of an installation for production, as CycloneDX 1.6 in JSON, from
// package.json and bun.lock; licences are read from node_modules. The same lock file gives the same bytes.

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import packageJson from '../../package.json' with { type: 'json' }

const root = join(import.meta.dir, '../..')

const Names = z.record(z.string(), z.string()).default({})
const Requirements = z.object({
  dependencies: Names,
  optionalDependencies: Names,
  peerDependencies: Names,
  os: z.unknown().optional(),
  hasInstallScript: z.boolean().default(false),
})
const Entry = z.tuple([z.string(), z.string(), Requirements, z.string()])
const LockFile = z.object({ packages: z.record(z.string(), Entry) })

/** A package of bun.lock that an installation for production may have. */
export interface LockedPackage {
  /** Its key in bun.lock: the names of the packages whose node_modules it is in, and its own. */
  readonly path: string
  readonly name: string
  readonly version: string
  /** SHA-512 in hex. */
  readonly sha512: string
  readonly licence: string
  readonly hasInstallScript: boolean
  /** Paths of what it needs. */
  readonly needs: readonly string[]
}

/** Every package that package.json needs in production, whatever the platform, by path. */
export function productionPackages(): LockedPackage[] {
  const { packages } = LockFile.parse(Bun.JSONC.parse(readFileSync(join(root, 'bun.lock'), 'utf8')))
  const found = new Map<string, LockedPackage>()
  const visit = (path: string, neededBy: string): void => {
    const entry = packages[path]
    if (entry === undefined || found.has(path)) return
    const [id, , requirements, integrity] = entry
    const needs = needsOf(path, requirements, packages)
    found.set(path, {
      path,
      ...nameAndVersion(id),
      sha512: Buffer.from(integrity.replace(/^sha512-/, ''), 'base64').toString('hex'),
      // What is for one platform is not installed on others; it is built from the package that needs it.
      licence: licenceOf(requirements.os === undefined ? path : neededBy),
      hasInstallScript: requirements.hasInstallScript,
      needs,
    })
    for (const need of needs) visit(need, path)
  }
  for (const name of Object.keys(packageJson.dependencies)) visit(name, name)
  return [...found.values()].toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

function needsOf(
  path: string,
  requirements: z.infer<typeof Requirements>,
  packages: Readonly<Record<string, unknown>>,
): string[] {
  const { dependencies, optionalDependencies, peerDependencies } = requirements
  // Peers may be optional, and are installed all the same if the lock file has them. What it lacks is never installed.
  const names = Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies })
  // As modules are resolved: from the innermost node_modules outwards.
  const needs = names.flatMap((name) => {
    for (let folder = path; folder !== ''; folder = namesIn(folder).slice(0, -1).join('/')) {
      if (Object.hasOwn(packages, `${folder}/${name}`)) return [`${folder}/${name}`]
    }
    return Object.hasOwn(packages, name) ? [name] : []
  })
  return [...new Set(needs)].toSorted()
}

/** The packages on the way to `path`: `a/@b/c` is `@b/c` in the node_modules of `a`. */
function namesIn(path: string): string[] {
  return path.match(/@[^/]+\/[^/]+|[^/]+/g) ?? []
}

function nameAndVersion(id: string): { readonly name: string; readonly version: string } {
  const at = id.lastIndexOf('@')
  return { name: id.slice(0, at), version: id.slice(at + 1) }
}

/** The folder of an installed package. */
export function folderOf(path: string): string {
  return join(root, ...namesIn(path).flatMap((name) => ['node_modules', name]))
}

const Manifest = z.object({ license: z.string().min(1) })

function licenceOf(path: string): string {
  const file = join(folderOf(path), 'package.json')
  if (!existsSync(file)) throw new Error(`${path} is not installed: run bun install first.`)
  const parsed = Manifest.safeParse(JSON.parse(readFileSync(file, 'utf8')))
  if (!parsed.success) throw new Error(`${path} does not name its licence.`)
  return parsed.data.license
}

const purlOf = (name: string, version: string): string =>
  `pkg:npm/${name.replace('@', '%40')}@${encodeURIComponent(version)}`

const licences = (licence: string): object[] =>
  /[ ()]/.test(licence) ? [{ expression: licence }] : [{ license: { id: licence } }]

/** The bill of materials as JSON. */
export function sbom(): string {
  const packages = productionPackages()
  const refs = new Map(packages.map(({ path, name, version }) => [path, purlOf(name, version)]))
  const refOf = (path: string): string => refs.get(path) ?? ''
  const { name, version, license } = packageJson
  const self = purlOf(name, version)
  const direct = Object.keys(packageJson.dependencies)
  // Two places in node_modules may hold the same package.
  const byRef = new Map(packages.map((one) => [refOf(one.path), one]))
  // What the repository holds a part of, or needs to run.
  const scalar = '@scalar/fastify-api-reference'
  const shipped = [
    { name: scalar, version: packageJson.devDependencies[scalar], licence: licenceOf(scalar), type: 'library' },
    { name: 'bun', version: packageJson.devDependencies['bun-types'], licence: 'MIT', type: 'platform' },
  ].map(({ licence, ...component }) => {
    const purl = purlOf(component.name, component.version)
    return { ...component, 'bom-ref': purl, licenses: licences(licence), purl }
  })
  const document = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: { type: 'application', 'bom-ref': self, name, version, licenses: licences(license), purl: self },
    },
    components: [
      ...[...byRef].map(([ref, one]) => ({
        type: 'library',
        'bom-ref': ref,
        name: one.name,
        version: one.version,
        hashes: [{ alg: 'SHA-512', content: one.sha512 }],
        licenses: licences(one.licence),
        purl: ref,
      })),
      ...shipped,
    ],
    dependencies: [
      { ref: self, dependsOn: [...direct.map(refOf), ...shipped.map(({ purl }) => purl)].toSorted() },
      ...[...byRef].map(([ref, { needs }]) => ({ ref, dependsOn: [...new Set(needs.map(refOf))].toSorted() })),
      ...shipped.map(({ purl }) => ({ ref: purl, dependsOn: [] })),
    ],
  }
  return `${JSON.stringify(document, null, 2)}\n`
}

if (import.meta.main) {
  const file = process.argv[2] ?? 'stator.cdx.json'
  await Bun.write(file, sbom())
  console.log(`${file} is written.`)
}
