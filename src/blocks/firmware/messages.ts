// Functional block L, firmware: updates and their status.

import type { OCPP16, OCPP20, OCPP21 } from 'typed-ocpp'
import type { Handler } from '../decision.ts'
import { notification } from '../notification.ts'
import { keeping, rowsOf } from '../rows.ts'

const { served, stored, toChargePoint } = rowsOf('firmware')

const firmwareStatus: Handler<
  | OCPP16.FirmwareStatusNotificationRequest
  | OCPP16.SignedFirmwareStatusNotificationRequest
  | OCPP20.FirmwareStatusNotificationRequest
  | OCPP21.FirmwareStatusNotificationRequest
> = {
  decide: ({ status }, known) =>
    notification(known, undefined, { table: 'chargePoints', patch: { firmwareStatus: status } }),
}

const firmwareNotifications = ['FirmwareStatusNotification', 'SignedFirmwareStatusNotification']

export const firmware16 = {
  FirmwareStatusNotification: served('1.6 §4.5', 'committed', firmwareStatus),
  UpdateFirmware: toChargePoint('1.6 §5.19', firmwareNotifications),
  SignedFirmwareStatusNotification: served('1.6 security whitepaper §5.19', 'committed', firmwareStatus),
  SignedUpdateFirmware: toChargePoint('1.6 security whitepaper §5.21', firmwareNotifications),
}

export const firmware201 = {
  UpdateFirmware: toChargePoint('2.0.1 L01-L02', firmwareNotifications),
  FirmwareStatusNotification: served('2.0.1 L01-L02', 'committed', firmwareStatus),
  PublishFirmware: toChargePoint('2.0.1 L03', ['PublishFirmwareStatusNotification']),
  PublishFirmwareStatusNotification: keeping(['location'], stored('2.0.1 L03')),
  UnpublishFirmware: toChargePoint('2.0.1 L04'),
}

export const firmware21 = {
  UpdateFirmware: toChargePoint('2.1 L01-L02', firmwareNotifications),
  FirmwareStatusNotification: served('2.1 L01-L02', 'committed', firmwareStatus),
  PublishFirmware: toChargePoint('2.1 L03', ['PublishFirmwareStatusNotification']),
  PublishFirmwareStatusNotification: keeping(['location'], stored('2.1 L03')),
  UnpublishFirmware: toChargePoint('2.1 L04'),
}
