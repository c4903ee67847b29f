// The tables of `docs/conformance.md`, made from the cases and their tests. Run this file to write them into the document.

import { code, table, withCurrentTables } from '../support/operations-tables.ts'
import { notYet16, tested16 } from '../../src/simulator/cases/ocpp-16/cases.ts'
import { notYet201, tested201 } from '../../src/simulator/cases/ocpp-201/cases.ts'
import { cases201 } from '../../src/simulator/cases/ocpp-201/list.ts'
import { own21, shared21 } from '../../src/simulator/cases/ocpp-21/cases.ts'
import type { CaseFiles } from '../../src/simulator/cases/play.ts'

const documentFile = new URL('../../docs/conformance.md', import.meta.url)

/** The file that tests a case; null if none does. */
function fileOf(id: string, files: CaseFiles): string | null {
  return Object.keys(files).find((file) => Object.hasOwn(files[file] ?? {}, id)) ?? null
}

function statusOf(id: string, files: CaseFiles): 'met' | 'not yet' {
  return fileOf(id, files) === null ? 'not yet' : 'met'
}

/** The tables by the name that stands in their markers. */
export const conformanceTables: Readonly<Record<string, () => string>> = {
  profiles: () => {
    const listed = Object.entries(cases201)
    const profiles = [...new Set(listed.map(([, { profile }]) => profile))]
    return table(
      ['Certification profile', 'Cases', 'Met', 'Not yet'],
      profiles.map((profile) => {
        const ids = listed.filter(([, one]) => one.profile === profile).map(([id]) => id)
        const met = ids.filter((id) => statusOf(id, tested201) === 'met').length
        return [profile, ids.length, met, ids.length - met].map(String)
      }),
    )
  },
  'cases-2.0.1': () =>
    table(
      ['Case', 'Name', 'Profile', 'Status', 'Case in `src/simulator/cases/ocpp-201/`'],
      Object.entries(cases201).map(([id, { title, profile, isOptional }]) => [
        code(id),
        title,
        isOptional ? `${profile}, optional` : profile,
        statusOf(id, tested201),
        code(fileOf(id, tested201) ?? '–'),
      ]),
    ),
  'not-yet-2.0.1': () => reasonTable(notYet201),
  'shared-2.1': () =>
    table(
      ['File of `src/simulator/cases/ocpp-201/`', 'Cases that hold in 2.1'],
      Object.entries(shared21).map(([file, cases]) => [code(file), String(Object.keys(cases).length)]),
    ),
  'cases-2.1': () =>
    table(
      ['Case', 'Status', 'Case in `src/simulator/cases/ocpp-21/`'],
      Object.entries(own21).flatMap(([file, cases]) => Object.keys(cases).map((id) => [id, 'met', code(file)])),
    ),
  'cases-1.6': () =>
    table(
      ['Case', 'Status', 'Case in `src/simulator/cases/ocpp-16/`'],
      [...Object.values(tested16).flatMap((file) => Object.keys(file)), ...Object.keys(notYet16)].map((id) => [
        id,
        statusOf(id, tested16),
        code(fileOf(id, tested16) ?? '–'),
      ]),
    ),
  'not-yet-1.6': () => reasonTable(notYet16),
}

function reasonTable(notYet: Readonly<Record<string, string>>): string {
  return table(
    ['Case', 'Why not yet'],
    Object.entries(notYet).map(([id, reason]) => [id, reason]),
  )
}

/** The document as it is. */
export function conformanceDocument(): Promise<string> {
  return Bun.file(documentFile).text()
}

if (import.meta.main) {
  await Bun.write(documentFile, withCurrentTables(await conformanceDocument(), conformanceTables))
  await Bun.spawn([process.execPath, 'fmt', documentFile.pathname]).exited
}
