// The messages that a central system may trigger, in both versions: what a charge point sends, by the name of the
// message.

import type { Connector, Station } from './station.ts'

const senders: Readonly<Record<string, (station: Station, connectors: readonly Connector[]) => void>> = {
  BootNotification: (station) => station.sendBoot(),
  Heartbeat: (station) => station.sendHeartbeat(),
  FirmwareStatusNotification: (station) => station.sendFirmwareStatus(),
  DiagnosticsStatusNotification: (station) => station.sendLogStatus(),
  LogStatusNotification: (station) => station.sendLogStatus(),
  MeterValues: (station, connectors) => connectors.forEach((connector) => station.sample(connector, 'Trigger')),
  TransactionEvent: (station, connectors) =>
    connectors.filter(({ transaction }) => transaction !== null).forEach((each) => station.sample(each, 'Trigger')),
  StatusNotification: (station, connectors) => connectors.forEach(({ connectorId }) => station.sendStatus(connectorId)),
  SignChargePointCertificate: (station) => station.ownCertificate.request(),
  SignChargingStationCertificate: (station) => station.ownCertificate.request(),
  SignCombinedCertificate: (station) => station.ownCertificate.request(),
}

/** Answer to TriggerMessage and ExtendedTriggerMessage, for one connector (EVSE) or, with undefined or 0, for all. */
export function triggered(
  station: Station,
  requested: string,
  connectorId: number | undefined,
): { answer: { status: 'Accepted' | 'Rejected' | 'NotImplemented' }; afterwards?: () => void } {
  const send = senders[requested]
  if (send === undefined) return { answer: { status: 'NotImplemented' } }
  const all = connectorId === undefined || connectorId === 0
  const connectors = station.connectors.filter((connector) => all || connector.connectorId === connectorId)
  if (connectors.length === 0) return { answer: { status: 'Rejected' } }
  return { answer: { status: 'Accepted' }, afterwards: () => send(station, connectors) }
}
