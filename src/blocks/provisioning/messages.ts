// Functional block B: boots, the configuration of a charge point, and its device model.

import { adapting, booting, learning, readingBack, rowsOf, settingPassword, settingProfile } from '../rows.ts'
import { bootNotification16, bootNotification201 } from './boot.ts'
import {
  configurationChanged,
  configurationTold,
  notifyReport,
  variablesChanged,
  variablesTold,
} from './device-model.ts'
import { changeConfigurationPassword, setNetworkProfilePassword, setVariablesPassword } from './password-commands.ts'
import { adaptedKeys } from './key-lists.ts'
import { configurationReadBack, variablesReadBack } from './read-back.ts'
import { changeConfigurationProfile, networkProfile } from './profile-commands.ts'

const { served, toChargePoint } = rowsOf('provisioning')

export const provisioning16 = {
  BootNotification: booting(served('1.6 §4.2', 'committed', bootNotification16)),
  ChangeConfiguration: readingBack(
    configurationReadBack,
    settingProfile(
      changeConfigurationProfile,
      settingPassword(changeConfigurationPassword, learning(configurationChanged, toChargePoint('1.6 §5.3'))),
    ),
  ),
  GetConfiguration: adapting(adaptedKeys, learning(configurationTold, toChargePoint('1.6 §5.8'))),
  Reset: toChargePoint('1.6 §5.14'),
}

export const provisioning201 = {
  BootNotification: booting(served('2.0.1 B01-B03', 'committed', bootNotification201)),
  SetVariables: readingBack(
    variablesReadBack,
    settingPassword(setVariablesPassword, learning(variablesChanged, toChargePoint('2.0.1 B05'))),
  ),
  GetVariables: learning(variablesTold, toChargePoint('2.0.1 B06')),
  GetBaseReport: toChargePoint('2.0.1 B07', ['NotifyReport']),
  NotifyReport: served('2.0.1 B07-B08', 'committed', notifyReport),
  GetReport: toChargePoint('2.0.1 B08', ['NotifyReport']),
  SetNetworkProfile: settingProfile(networkProfile, toChargePoint('2.0.1 B09')),
  Reset: toChargePoint('2.0.1 B11-B12'),
}

export const provisioning21 = {
  BootNotification: booting(served('2.1 B01-B03', 'committed', bootNotification201)),
  SetVariables: readingBack(
    variablesReadBack,
    settingPassword(setVariablesPassword, learning(variablesChanged, toChargePoint('2.1 B05'))),
  ),
  GetVariables: learning(variablesTold, toChargePoint('2.1 B06')),
  GetBaseReport: toChargePoint('2.1 B07', ['NotifyReport']),
  NotifyReport: served('2.1 B07-B08', 'committed', notifyReport),
  GetReport: toChargePoint('2.1 B08', ['NotifyReport']),
  SetNetworkProfile: settingProfile(
    networkProfile,
    settingPassword(setNetworkProfilePassword, toChargePoint('2.1 B09')),
  ),
  Reset: toChargePoint('2.1 B11-B13'),
}
