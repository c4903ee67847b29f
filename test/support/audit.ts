// Entries of an audit log for tests, and what is found when it is verified.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ClientBase } from 'pg'
import { systemClock } from '../../src/base/clock.ts'
import { silentLogger } from '../../src/base/log.ts'
import type { AuditHead, AuditIntent, AuditOutcome } from '../../src/operators/audit-entry.ts'
import { AuditLog, type AuditLogDeps } from '../../src/store/audit/audit-log.ts'
import { HeadFile } from '../../src/store/audit/head-file.ts'
import { type VerifiedChain, verifyChains } from '../../src/store/audit/verify.ts'
import type { Database } from '../../src/store/database.ts'

/** A data folder for head files. */
export function headFolder(): { readonly folder: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'stator-heads-'))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

export function openAuditLog(
  database: Database,
  folder: string,
  node: string,
  parts: Partial<AuditLogDeps> = {},
): Promise<AuditLog> {
  const headFile = new HeadFile(folder, node)
  return AuditLog.open({ database, clock: systemClock, log: silentLogger, node, headFile, ...parts })
}

/** The begin of a request, but for what `parts` says. */
export function auditIntent(parts: Partial<AuditIntent> = {}): AuditIntent {
  return {
    atMs: Date.now(),
    principalKind: 'operator',
    principal: 'admin',
    actingAs: 'CP002',
    remoteAddress: '192.0.2.1',
    requestId: 'r-1',
    operation: 'changeIdTag',
    chargePoint: { key: 7, identity: 'CP001' },
    request: { json: '{"body":{"status":"Blocked"}}', idTags: ['idTag:0123456789abcdef'] },
    ...parts,
  }
}

/** The outcome of a request, but for what `parts` says. */
export function auditOutcome(outcomeOf: number, parts: Partial<AuditOutcome> = {}): AuditOutcome {
  return {
    outcomeOf,
    atMs: Date.now(),
    chargePoint: { key: 7, identity: 'CP001' },
    before: { json: '{"status":"Accepted"}', idTags: [] },
    after: { json: '{"status":"Blocked"}', idTags: ['idTag:0123456789abcdef'] },
    idTags: [],
    status: 409,
    code: 'CONFLICT',
    ...parts,
  }
}

/** What is found about each chain. */
export async function verified(
  client: ClientBase,
  heads: readonly AuditHead[] = [],
): Promise<Readonly<Record<string, VerifiedChain>>> {
  const chains: Record<string, VerifiedChain> = {}
  for await (const chain of verifyChains(client, heads)) chains[chain.node] = chain
  return chains
}
