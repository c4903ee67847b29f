// Plays cases at a central system of any vendor, one after the other, and says of each what was right and what was
// wrong.

import { positiveInteger } from './match.ts'
import type { VersionCase } from './all.ts'
import { type Asking, nobody, personOperator, restOperator } from './operators.ts'
import { identityOf, RealPlay, type Seen } from './play.ts'
import { type Operator, type Site, type SiteKind, Skipped } from './site.ts'

/** What is to be played, and where. */
export interface CaseRun {
  readonly cases: readonly VersionCase[]
  /** `ws://…` or `wss://…`, without an identity. */
  readonly url: string
  readonly password: string
  /** Of the charge point; with an API key what the identities of the charge points begin with. Null: made up. */
  readonly identity: string | null
  /** An id token that the central system knows; null: one is made known. */
  readonly idToken: string | null
  /** Of an operator of Stator; null: a person is asked, if one is there. */
  readonly apiKey: string | null
  /** Longest wait for a CALL that a person has sent, in milliseconds. */
  readonly callMsMax: number
}

/** How many cases had which end. */
export interface CaseCounts {
  passed: number
  failed: number
  skipped: number
}

/**
 * Plays the cases. What was made known for them over the REST API of a Stator is deleted at the end.
 *
 * @param print is called with each line of the report.
 * @param asking asks a person; null: nobody is there.
 */
export async function playCases(
  run: CaseRun,
  print: (line: string) => void,
  asking: Asking | null,
): Promise<CaseCounts> {
  const counts: CaseCounts = { passed: 0, failed: 0, skipped: 0 }
  const { origin } = new URL(run.url.replace(/^ws/, 'http'))
  const rest = run.apiKey === null ? null : restOperator(origin, run.apiKey, run.password)
  const site = siteOf(run, rest ?? personOperator(asking ?? nobody, run.password, run.identity !== null))
  // With an API key every case of every run has a charge point of its own.
  const made = `${run.identity ?? `SIM-${crypto.randomUUID().slice(0, 4)}`}-`
  for (const { version, id, title, play } of run.cases) {
    const real = new RealPlay(
      id,
      {
        version,
        password: run.password,
        identity: run.apiKey === null && run.identity !== null ? run.identity : identityOf(id, made),
        idToken: run.idToken,
        isStrict: false,
        interval: positiveInteger,
        callMsMax: run.callMsMax,
      },
      site,
    )
    // A case of 2.0.1 may be one of 2.1, too; ids of our own begin with the version.
    const name = `${id.startsWith(version) ? id : `${version} ${id}`}${title === '' ? '' : `  ${title}`}`
    try {
      await real.run(play)
      counts.passed += 1
      print(`passed   ${name} (${real.seen.length} steps)`)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (error instanceof Skipped) {
        counts.skipped += 1
        print(`skipped  ${name}: ${reason}`)
      } else {
        counts.failed += 1
        print(`FAILED   ${name}`)
        for (const line of stepsOf(real.seen, reason)) print(`           ${line}`)
      }
    }
  }
  const left = (await rest?.removeMade()) ?? []
  if (left.length > 0) print(`These could not be deleted (open transactions?): ${left.join(', ')}`)
  print(`${run.cases.length} cases: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`)
  return counts
}

/** What was seen and right, and then what was wrong. */
function stepsOf(seen: readonly Seen[], reason: string): readonly string[] {
  const steps = seen.filter(({ isOwn }) => !isOwn).map(({ what }) => what)
  const isSeen = reason.startsWith(`${steps.at(-1) ?? ''}:`)
  return [...(isSeen ? steps.slice(0, -1) : steps).map((step) => `right  ${step}`), `WRONG  ${reason}`]
}

/** The central system at the URL, as far as it can be the one that a case needs. */
function siteOf(run: CaseRun, operator: Operator): (kind: SiteKind) => Promise<Site> {
  const { protocol } = new URL(run.url)
  const site: Site = {
    ocppUrl: run.url,
    operator,
    authority: null,
    clientCertificate: () => {
      throw new Skipped('it needs the key of an authority whose client certificates the central system accepts.')
    },
  }
  const missing: Readonly<Record<SiteKind, string | null>> = {
    plain: null,
    tls: protocol === 'wss:' ? null : 'it needs a central system with TLS: give a --url that begins with wss://.',
    tlsEc: 'it needs central systems with two kinds of server certificates.',
    denying: 'it needs a central system that lets an id token have one transaction at a time.',
  }
  return async (kind) => {
    const reason = missing[kind]
    if (reason !== null) throw new Skipped(reason)
    return site
  }
}
