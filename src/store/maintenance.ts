// Maintenance of the tables: creates partitions in advance, applies the retention, merges the blocks of the message
// log, keeps the counters of transactions, and searches for ghost transactions.

import type { ClientBase } from 'pg'
import { type Clock, dayMs } from '../base/clock.ts'
import {
  foldCountsMs,
  ghostCheckMs,
  maintenanceMs,
  messageMergeMs,
  resendDays,
  uploadLeftMsMax,
} from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import type { Ghost, GhostDeadlines } from '../blocks/records.ts'
import type { Database } from './database.ts'
import { countUncounted, foldCounts } from './counts/count.ts'
import { deleteOldAudit } from './audit/retention.ts'
import { GhostCheck } from './ghosts.ts'
import { Merger } from './messages/merger.ts'
import { Packer } from './messages/packer.ts'
import {
  dropEarlierLedger,
  dropOldFacts,
  dropOldHistory,
  dropOldMessages,
  type LeftAsItIs,
  maintenanceLock,
  makePartitions,
} from './partitions.ts'
import { repeat } from './repeat.ts'
import { dropOldTransactions, makeTransactionPartition } from './transaction-partitions.ts'
import {
  deleteOld,
  deleteOldCertificates,
  deleteOldChargingProfiles,
  deleteOldControls,
  deleteOldTold,
  deleteOldErasures,
  deleteOldFacts,
  deleteOldJobs,
  deleteOldPayments,
  deleteOldPromises,
  deleteOldQuirkHits,
  deleteOldReservations,
  deleteOldAlarms,
  deleteOldReports,
  deleteOldRotations,
  deleteOldUploads,
} from './retention.ts'

/** Retention: how long rows of growing tables are kept. */
export interface Retention {
  readonly messageLogDays: number
  readonly anomalyDays: number
  readonly eventDays: number
  /** Never under `resendDays`. */
  readonly transactionEventDays: number
  readonly historyMonths: number
  /** 0: transactions are kept. */
  readonly transactionMonths: number
  readonly auditLogDays: number
  readonly jobDays: number
  /** Of uploaded files. */
  readonly uploadDays: number
}

export interface MaintenanceOptions {
  readonly database: Database
  readonly clock: Clock
  readonly log: Logger
  readonly retention: Retention
  readonly ghostDeadlines: GhostDeadlines
  /** Called with every ghost transaction for which an anomaly was stored. */
  readonly onGhost: (ghost: Ghost) => void
}

/**
 * Creates partitions and deletes old rows, now and every `maintenanceMs`, searches for ghost transactions every
 * `ghostCheckMs`, merges the message log every `messageMergeMs`, and keeps the counters of transactions every
 * `foldCountsMs`; the returned function ends it. The first search comes later: charge points that reconnect to this
 * process first send what they kept while it was down.
 */
export function startMaintenance(options: MaintenanceOptions): () => Promise<void> {
  const { database, clock, log, ghostDeadlines, onGhost } = options
  const ghostCheck = new GhostCheck(database, ghostDeadlines)
  const upkeep = repeat(
    clock,
    maintenanceMs,
    () => maintain(options),
    (error) => log.warn({ error }, 'The tables could not be brought up to date; the next turn tries again.'),
  )
  const looks = repeat(
    clock,
    ghostCheckMs,
    async () => (await ghostCheck.run(clock.nowMs())).forEach(onGhost),
    (error) => log.warn({ error }, 'Ghost transactions could not be looked for; the next turn tries again.'),
  )
  const packer = new Packer()
  const merger = new Merger({ database, clock, packer })
  const merges = repeat(
    clock,
    messageMergeMs,
    () => merger.run(),
    (error) => log.warn({ error }, 'Blocks of the message log could not be merged; the next turn tries again.'),
  )
  const counts = repeat(
    clock,
    foldCountsMs,
    () => keepCounts(database),
    (error) => log.warn({ error }, 'The counters of transactions could not be kept; the next turn tries again.'),
  )
  upkeep.begin(0)
  looks.begin(ghostCheckMs)
  merges.begin(messageMergeMs)
  counts.begin(foldCountsMs)
  return async () => {
    merger.stop()
    await Promise.all([upkeep.end(), looks.end(), merges.end(), counts.end()])
    await packer.close()
  }
}

async function maintain({ database, clock, retention, log }: MaintenanceOptions): Promise<void> {
  const nowMs = clock.nowMs()
  for (const { partition, reason } of await keepPartitions(database, nowMs, retention))
    log.warn({ reason: `${partition}: ${reason}` }, 'A partition is left as it is until the next turn.')
  await deleteOld(database.upkeepPool, 'anomalies', nowMs - retention.anomalyDays * dayMs)
  const eventsFromMs = nowMs - retention.eventDays * dayMs
  await deleteOld(database.upkeepPool, 'charge_point_events', eventsFromMs)
  await deleteOld(database.upkeepPool, 'problem_times', eventsFromMs)
  await deleteOld(database.upkeepPool, 'security_events', eventsFromMs)
  await deleteOld(database.upkeepPool, 'certificate_requests', eventsFromMs)
  await deleteOldCertificates(database.upkeepPool, eventsFromMs)
  await deleteOldRotations(database.upkeepPool, eventsFromMs)
  await deleteOldJobs(database.upkeepPool, nowMs - retention.jobDays * dayMs)
  await deleteOldUploads(database.upkeepPool, nowMs - retention.uploadDays * dayMs, nowMs - uploadLeftMsMax)
  await deleteOldReservations(database.upkeepPool, eventsFromMs)
  await deleteOldChargingProfiles(database.upkeepPool, eventsFromMs)
  await deleteOldTold(database.upkeepPool, eventsFromMs)
  await deleteOldQuirkHits(database.upkeepPool, eventsFromMs)
  await deleteOldAlarms(database.upkeepPool, eventsFromMs)
  await deleteOldFacts(database.upkeepPool, eventsFromMs)
  await deleteOldControls(database.upkeepPool, eventsFromMs)
  const { transactionMonths } = retention
  if (transactionMonths > 0) await deleteOldPayments(database.upkeepPool, monthsBefore(nowMs, transactionMonths))
  await deleteOldReports(database.upkeepPool, nowMs - retention.jobDays * dayMs)
  await deleteOldErasures(database.upkeepPool, eventsFromMs)
  const keptFromMs = nowMs - factDays(retention) * dayMs
  await deleteOld(database.upkeepPool, 'transaction_facts_default', keptFromMs)
  await deleteOldPromises(database.upkeepPool)
  await deleteOldAudit(database.upkeepPool, nowMs - retention.auditLogDays * dayMs)
}

// Lists of the embedded database are bounded, and nobody waits there until all transactions are counted.
async function keepCounts({ upkeepPool, isSingleConnection }: Database): Promise<void> {
  await foldCounts(upkeepPool)
  if (!isSingleConnection) await countUncounted(upkeepPool)
}

function factDays({ transactionEventDays }: Retention): number {
  return Math.max(transactionEventDays, resendDays)
}

/** Months of the calendar, as other retentions in months. */
async function oldTransactions(client: ClientBase, nowMs: number, months: number): Promise<readonly LeftAsItIs[]> {
  if (months === 0) return []
  return dropOldTransactions(client, monthsBefore(nowMs, months))
}

function monthsBefore(nowMs: number, months: number): number {
  const before = new Date(nowMs)
  return before.setUTCMonth(before.getUTCMonth() - months)
}

async function keepPartitions(database: Database, nowMs: number, retention: Retention): Promise<LeftAsItIs[]> {
  const client = await database.upkeepPool.connect()
  try {
    await client.query('SELECT pg_advisory_lock($1)', [maintenanceLock])
    let left: LeftAsItIs[] = []
    try {
      left = [
        ...(await makePartitions(client, nowMs)),
        ...(await makeTransactionPartition(client, nowMs, retention.transactionMonths)),
        ...(await dropOldMessages(client, nowMs, retention.messageLogDays)),
        ...(await dropOldHistory(client, nowMs, retention.historyMonths)),
        ...(await oldTransactions(client, nowMs, retention.transactionMonths)),
        ...(await dropOldFacts(client, nowMs, factDays(retention))),
        ...(await dropEarlierLedger(client, factDays(retention))),
      ]
    } finally {
      await client.query('SELECT pg_advisory_unlock($1)', [maintenanceLock])
    }
    client.release()
    return left
  } catch (error) {
    client.release(true)
    throw error
  }
}
