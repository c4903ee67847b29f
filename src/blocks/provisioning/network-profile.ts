// Network connection profiles of 2.x (2.0.1 B09): how a charge point connects, stored by it under a slot. It uses a
// profile once OCPPCommCtrlr.NetworkConfigurationPriority names its slot. 1.6 has none.

import type { ByVersion, OcppVersion } from '../../ocpp/version.ts'
import { type Command, statusOf } from '../command.ts'
import type { Payload } from '../decision.ts'
import type { JobKind } from '../jobs/job.ts'

/** The interfaces of a charge point (2.0.1 OCPPInterfaceEnumType; `Any` from 2.1 on). */
export const networkInterfaces = [
  ...(['Wired0', 'Wired1', 'Wired2', 'Wired3', 'Wireless0', 'Wireless1', 'Wireless2', 'Wireless3', 'Any'] as const),
] as const

/** A profile, whatever the version of the charge point. */
export interface NetworkProfile {
  readonly slot: number
  readonly csmsUrl: string
  readonly securityProfile: number
  readonly networkInterface: (typeof networkInterfaces)[number]
  readonly messageTimeoutSeconds: number
  /** The version that it is to speak then; null: the one that it speaks. */
  readonly version: OcppVersion | null
  /** APNType and VPNType of OCPP. */
  readonly apn?: Payload
  readonly vpn?: Payload
  /** What it authenticates with; not in 2.0.1. */
  readonly identity?: string
  readonly password?: string
}

/** What the profiles of a version are like. */
interface ProfileForm {
  /** How it spells versions of OCPP, as far as it knows them. */
  readonly versions: { readonly [Version in OcppVersion]?: string }
  readonly own: string
  readonly hasCredentials: boolean
}

const forms: ByVersion<ProfileForm | null> = {
  '1.6': null,
  '2.0.1': { versions: { '1.6': 'OCPP16', '2.0.1': 'OCPP20' }, own: 'OCPP20', hasCredentials: false },
  '2.1': {
    versions: { '1.6': 'OCPP16', '2.0.1': 'OCPP201', '2.1': 'OCPP21' },
    own: 'OCPP21',
    hasCredentials: true,
  },
}

/** SetNetworkProfile; null: the version has no profiles, or none such. */
export function networkProfileCommand(version: OcppVersion, profile: NetworkProfile): Command | null {
  const form = forms[version]
  const { slot, csmsUrl, securityProfile, networkInterface, messageTimeoutSeconds, apn, vpn, identity, password } =
    profile
  const ocppVersion = profile.version === null ? form?.own : form?.versions[profile.version]
  const needsCredentials = identity !== undefined || password !== undefined
  if (form === null || ocppVersion === undefined || (needsCredentials && !form.hasCredentials)) return null
  return {
    action: 'SetNetworkProfile',
    payload: {
      configurationSlot: slot,
      connectionData: {
        ...(apn === undefined ? {} : { apn }),
        ocppVersion,
        ocppTransport: 'JSON',
        ocppCsmsUrl: csmsUrl,
        messageTimeout: messageTimeoutSeconds,
        securityProfile,
        ocppInterface: networkInterface,
        ...(identity === undefined ? {} : { identity }),
        ...(password === undefined ? {} : { basicAuthPassword: password }),
        ...(vpn === undefined ? {} : { vpn }),
      },
    },
    fields: {
      '': 'password',
      '/connectionData/apn': 'apn',
      '/connectionData/vpn': 'vpn',
      '/connectionData/ocppCsmsUrl': 'csmsUrl',
      '/connectionData/messageTimeout': 'messageTimeout',
      '/connectionData/securityProfile': 'securityProfile',
      '/connectionData/ocppInterface': 'interface',
      '/connectionData/basicAuthPassword': 'password',
      '/connectionData/identity': 'identity',
    },
  }
}

/** Profiles that are stored at a charge point: accepted or not, at once. */
export const networkProfileSet: JobKind = {
  kind: 'networkProfile',
  isRead: false,
  isBeforeAccepted: true,
  answered(_, answer) {
    const status = statusOf(answer)
    if (status === null) return null
    if (status === 'Accepted') return { type: 'done', status, message: 'The charge point has stored the profile' }
    return { type: 'refused', status, message: `The charge point answered the network profile with ${status}` }
  },
  reports: {},
}
