// The REST resources of the blocks.

import type { OpenAPIHono } from '@hono/zod-openapi'
import type { ApiDeps } from '../api/deps.ts'
import type { ApiEnv } from '../api/env.ts'
import { idTagBatchRoutes } from './authorization/route-batch.ts'
import { cacheRoutes } from './authorization/route-cache.ts'
import { erasureRoutes } from './authorization/route-erasures.ts'
import { paymentRoutes } from './authorization/route-payments.ts'
import { idTagRoutes } from './authorization/routes.ts'
import { availabilityRoutes } from './availability/routes.ts'
import { certificateRoutes } from './certificates/routes.ts'
import { customerInformationRoutes } from './diagnostics/route-customer-information.ts'
import { transferVendorRoutes } from './data-transfer/route-vendors.ts'
import { dataTransferRoutes } from './data-transfer/routes.ts'
import { alarmRoutes } from './diagnostics/route-alarms.ts'
import { eventStreamRoutes } from './diagnostics/route-event-streams.ts'
import { monitorRoutes } from './diagnostics/route-monitors.ts'
import { diagnosticsRoutes } from './diagnostics/routes.ts'
import { displayRoutes } from './display/routes.ts'
import { publicationRoutes } from './firmware/route-publication.ts'
import { firmwareRoutes } from './firmware/routes.ts'
import { jobRoutes } from './jobs/routes.ts'
import { localListRoutes } from './local-list/routes.ts'
import { meterValueRoutes } from './metering/routes.ts'
import { credentialRotationRoutes } from './provisioning/route-credential-rotations.ts'
import { credentialRoutes } from './provisioning/route-credentials.ts'
import { networkProfileRoutes } from './provisioning/route-network-profiles.ts'
import { settingRoutes } from './provisioning/route-set-variables.ts'
import { reportRoutes } from './provisioning/route-reports.ts'
import { variableRoutes } from './provisioning/route-variables.ts'
import { provisioningRoutes } from './provisioning/routes.ts'
import { quirkCountRoutes } from './quirks/route-counts.ts'
import { quirkProfileRoutes } from './quirks/routes.ts'
import { remoteOperationRoutes } from './remote-control/route-operations.ts'
import { remoteControlRoutes } from './remote-control/routes.ts'
import { reservationRoutes } from './reservation/routes.ts'
import { securityRoutes } from './security/routes.ts'
import { derControlRoutes } from './smart-charging/route-der.ts'
import { dynamicScheduleRoutes } from './smart-charging/route-dynamic.ts'
import { priorityRoutes } from './smart-charging/route-priority.ts'
import { reportedChargingRoutes } from './smart-charging/route-reported.ts'
import { smartChargingRoutes } from './smart-charging/routes.ts'
import { compositeScheduleRoutes } from './smart-charging/route-composite.ts'
import { batterySwapRoutes } from './transactions/route-battery-swaps.ts'
import { costRoutes } from './tariff/route-costs.ts'
import { driverTariffRoutes } from './tariff/route-driver-tariffs.ts'
import { priceRoutes } from './tariff/route-prices.ts'
import { tariffRoutes } from './tariff/route-tariffs.ts'
import { transactionExportRoutes } from './transactions/route-exports.ts'
import { stationStatusRoutes } from './transactions/route-station-status.ts'
import { transactionRoutes } from './transactions/routes.ts'

/** The routes of every block, for `createApi`. */
export function blockRoutes(deps: ApiDeps): readonly OpenAPIHono<ApiEnv>[] {
  return [
    remoteControlRoutes(deps),
    remoteOperationRoutes(deps),
    availabilityRoutes(deps),
    cacheRoutes(deps),
    dataTransferRoutes(deps),
    transferVendorRoutes(deps),
    quirkProfileRoutes(deps),
    quirkCountRoutes(deps),
    stationStatusRoutes(deps),
    compositeScheduleRoutes(deps),
    smartChargingRoutes(deps),
    reportedChargingRoutes(deps),
    dynamicScheduleRoutes(deps),
    priorityRoutes(deps),
    derControlRoutes(deps),
    reservationRoutes(deps),
    localListRoutes(deps),
    provisioningRoutes(deps),
    variableRoutes(deps),
    reportRoutes(deps),
    settingRoutes(deps),
    networkProfileRoutes(deps),
    credentialRoutes(deps),
    credentialRotationRoutes(deps),
    firmwareRoutes(deps),
    publicationRoutes(deps),
    diagnosticsRoutes(deps),
    priceRoutes(deps),
    costRoutes(deps),
    tariffRoutes(deps),
    driverTariffRoutes(deps),
    displayRoutes(deps),
    customerInformationRoutes(deps),
    monitorRoutes(deps),
    alarmRoutes(deps),
    eventStreamRoutes(deps),
    jobRoutes(deps),
    certificateRoutes(deps),
    meterValueRoutes(deps),
    transactionRoutes(deps),
    transactionExportRoutes(deps),
    batterySwapRoutes(deps),
    paymentRoutes(deps),
    idTagRoutes(deps),
    securityRoutes(deps),
    idTagBatchRoutes(deps),
    erasureRoutes(deps),
  ]
}
