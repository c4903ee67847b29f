// Everything that is read from the database, or changed without the writer. A method fails with a StatorError:
// STORE_UNAVAILABLE if the database is unavailable, INTERNAL if it refuses a statement, or an error that the method
// documents.

import { type Clock, systemClock } from '../base/clock.ts'
import { drizzle } from 'drizzle-orm/node-postgres'
import { embeddedListRowsMax } from '../base/limits.ts'
import { createAuditQueries } from './audit/queries.ts'
import { createAlarmQueries } from './alarm-queries.ts'
import { createAnomalyQueries } from './anomaly-queries.ts'
import { createChargePointSets } from './charge-point-sets.ts'
import { createChargePointBatches } from './charge-point-batch.ts'
import { createChargePointQueries } from './charge-point-queries.ts'
import type { GhostDeadlines } from '../blocks/records.ts'
import { createConnectivityQueries } from './connectivity-queries.ts'
import { createCertificateQueries } from './certificate-queries.ts'
import { createCorrectionQueries } from './corrections.ts'
import { createCustomerQueries } from './customer-queries.ts'
import { createCredentialRotationQueries } from './credential-rotation-queries.ts'
import { createCostQueries } from './cost-queries.ts'
import type { Database } from './database.ts'
import { createDynamicScheduleQueries } from './dynamic-schedule-queries.ts'
import { createFactQueries } from './fact-queries.ts'
import { createDisplayQueries } from './display-queries.ts'
import { ghostReasonsOf, ghostsOf } from './ghosts.ts'
import { createEventQueries } from './event-queries.ts'
import { createErasureQueries } from './erasure/erasure-queries.ts'
import type { TokenSeal } from './erasure/eraser.ts'
import { createGroupQueries } from './group-queries.ts'
import { createApiKeyQueries } from './api-key-queries.ts'
import { createHistoryQueries } from './history-queries.ts'
import { createIdTokenBatches } from './id-token-batch.ts'
import { createIdTokenQueries } from './id-token-queries.ts'
import { createLiveQueries } from './live-queries.ts'
import { createLocalListQueries } from './local-list-queries.ts'
import { createMessageQueries } from './messages/message-queries.ts'
import { createMeterValueQueries } from './meter-value-queries.ts'
import { createJobQueries } from './job-queries.ts'
import type { ListSource } from './paging.ts'
import { createMonitorQueries } from './monitor-queries.ts'
import { createPromiseQueries } from './remote-start-promises.ts'
import { createQuirkQueries } from './quirk-queries.ts'
import { createReservationQueries } from './reservation-queries.ts'
import { createSecurityEventQueries } from './security-event-queries.ts'
import { createReportQueries } from './report-queries.ts'
import { createRoleQueries } from './role-queries.ts'
import { createSmartChargingQueries } from './smart-charging-queries.ts'
import { storeError } from './store-error.ts'
import { createTariffQueries } from './tariff-queries.ts'
import { createTransferVendorQueries, TransferVendorNames } from './transfer-vendor-queries.ts'
import { createTransactionQueries } from './transaction-queries.ts'
import { createVariableQueries } from './variable-queries.ts'

export type Queries = ReturnType<typeof createQueries>

export function createQueries(database: Database, clock: Clock = systemClock) {
  const source = sourceOf(database)
  const vendorNames = new TransferVendorNames(database.pool, clock)
  return withStoreErrors({
    ...createLiveQueries(database, clock, vendorNames),
    ...createChargePointQueries(source),
    ...createVariableQueries(source),
    ...createReportQueries(source),
    ...createMonitorQueries(source),
    ...createAlarmQueries(source),
    ...createGroupQueries(source),
    ...createIdTokenQueries(source),
    ...createChargePointBatches({ pool: database.restPool, clock }),
    ...createIdTokenBatches({ pool: database.restPool, clock }),
    ...createTransactionQueries(source, (keys, scope, moment) => ghostsOf(database, keys, scope, moment)),
    ...createCorrectionQueries(source),
    ...createMeterValueQueries(source),
    ...createAnomalyQueries(source),
    ...createEventQueries(source),
    ...createSecurityEventQueries(source),
    ...createAuditQueries(source),
    ...createCredentialRotationQueries(source),
    ...createJobQueries(source),
    ...createCustomerQueries(database.restPool),
    ...createReservationQueries(database),
    ...createLocalListQueries(database),
    ...createSmartChargingQueries(database),
    ...createDynamicScheduleQueries(database),
    ...createFactQueries(source),
    ...createDisplayQueries(database),
    ...createCostQueries(database),
    ...createTariffQueries(database),
    ...createMessageQueries(source),
    ...createHistoryQueries(source),
    ...createConnectivityQueries(source),
    ...createCertificateQueries(source),
    ...createApiKeyQueries(source),
    ...createRoleQueries(source),
    ...createTransferVendorQueries(source, vendorNames),
    ...createQuirkQueries(source),
    ...createPromiseQueries(database.restPool),
    ghostReasonsOf: (transactionId: number, deadlines: GhostDeadlines, nowMs: number) =>
      ghostReasonsOf(database.restPool, transactionId, deadlines, nowMs),
  })
}

type Methods = Record<string, (...given: never[]) => Promise<unknown>>

/** Erasures of id tokens; `settleMs` in tests only. */
export function createErasures(database: Database, seal: TokenSeal, settleMs?: number) {
  return withStoreErrors(createErasureQueries(database, sourceOf(database), seal, settleMs))
}

function sourceOf(database: Database): ListSource {
  const rowsMax = database.isSingleConnection ? embeddedListRowsMax : null
  const db = drizzle(database.restPool)
  return { db, rowsMax, sets: createChargePointSets(db) }
}

/** The same methods, with every error mapped for callers outside of the store. */
function withStoreErrors<T extends Methods>(methods: T): T {
  const wrapped = Object.fromEntries(
    Object.entries(methods).map(([name, method]) => [
      name,
      (...given: never[]) =>
        method(...given).catch((error: unknown) => {
          throw storeError(error)
        }),
    ]),
  )
  return { ...methods, ...wrapped }
}
