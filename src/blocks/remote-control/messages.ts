// Functional block F, remote control: starts, stops, unlocking, and triggers of messages.

import { ownValue } from '../../base/own-value.ts'
import type { Payload } from '../decision.ts'
import { ofTransaction, rowsOf } from '../rows.ts'

const { toChargePoint } = rowsOf('remote-control')

const signingRequest: readonly string[] = ['SignCertificate']

/** Values of `requestedMessage` that differ from the name of the requested action. */
const triggered: Readonly<Record<string, readonly string[]>> = {
  // 1.6 security whitepaper §6.12: the charge point may answer with either message.
  FirmwareStatusNotification: ['FirmwareStatusNotification', 'SignedFirmwareStatusNotification'],
  SignChargePointCertificate: signingRequest,
  // 2.0.1 MessageTriggerEnumType.
  SignChargingStationCertificate: signingRequest,
  SignV2GCertificate: signingRequest,
  SignCombinedCertificate: signingRequest,
}

function requestedMessage({ requestedMessage: word }: Payload): readonly string[] {
  if (typeof word !== 'string') return []
  return ownValue(triggered, word) ?? [word]
}

const connectorStatus = ['StatusNotification', 'NotifyEvent']
const start = ['Authorize', ...connectorStatus]

export const remoteControl16 = {
  RemoteStartTransaction: ofTransaction(toChargePoint('1.6 §5.11', ['Authorize', 'StatusNotification'])),
  RemoteStopTransaction: ofTransaction(toChargePoint('1.6 §5.12', ['StatusNotification'])),
  TriggerMessage: toChargePoint('1.6 §5.17', requestedMessage),
  UnlockConnector: toChargePoint('1.6 §5.18', ['StatusNotification']),
  ExtendedTriggerMessage: toChargePoint('1.6 security whitepaper §5.5', requestedMessage),
}

export const remoteControl201 = {
  RequestStartTransaction: ofTransaction(toChargePoint('2.0.1 F01-F02', start)),
  RequestStopTransaction: ofTransaction(toChargePoint('2.0.1 F03', connectorStatus)),
  UnlockConnector: toChargePoint('2.0.1 F05', connectorStatus),
  TriggerMessage: toChargePoint('2.0.1 F06', requestedMessage),
}

export const remoteControl21 = {
  RequestStartTransaction: ofTransaction(toChargePoint('2.1 F01-F02, F07', start)),
  RequestStopTransaction: ofTransaction(toChargePoint('2.1 F03', connectorStatus)),
  UnlockConnector: toChargePoint('2.1 F05', connectorStatus),
  TriggerMessage: toChargePoint('2.1 F06', requestedMessage),
}
