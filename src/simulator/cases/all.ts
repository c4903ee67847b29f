// All cases that a simulated charge point can play, by version.

import { type ByVersion, ocppVersions, type OcppVersion } from '../../ocpp/version.ts'
import type { Case, CaseFiles } from './play.ts'
import { tested16 } from './ocpp-16/cases.ts'
import { tested201 } from './ocpp-201/cases.ts'
import { cases201 } from './ocpp-201/list.ts'
import { tested21 } from './ocpp-21/cases.ts'

const files: ByVersion<CaseFiles> = { '1.6': tested16, '2.0.1': tested201, '2.1': tested21 }

/** A case of a version. */
export interface VersionCase {
  readonly version: OcppVersion
  readonly id: string
  /** '' if the id says it all. */
  readonly title: string
  readonly play: Case
}

/** All cases of these versions, in the order of the specification. */
export function casesOf(versions: readonly OcppVersion[] = ocppVersions): readonly VersionCase[] {
  const titles = new Map(Object.entries(cases201).map(([id, { title }]) => [id, title]))
  return versions.flatMap((version) =>
    Object.values(files[version])
      .flatMap((cases) => Object.entries(cases))
      .map(([id, play]) => ({ version, id, title: titles.get(id) ?? '', play })),
  )
}
