// CALLs that tell a charge point to use another security profile: the configuration key SecurityProfile of 1.6
// (Security Whitepaper A05), and a network connection profile of 2.x.

import type { Payload } from '../decision.ts'
import type { SecurityProfile } from '../values.ts'

/** ChangeConfiguration of 1.6. */
export function changeConfigurationProfile({ key, value }: Payload): SecurityProfile | null {
  const isProfile = typeof key === 'string' && key.toLowerCase() === 'securityprofile'
  return isProfile && typeof value === 'string' ? profileFrom(Number(value)) : null
}

/** SetNetworkProfile of 2.x. The charge point uses it once NetworkConfigurationPriority names its slot. */
export function networkProfile({ connectionData }: Payload): SecurityProfile | null {
  const isRecord = typeof connectionData === 'object' && connectionData !== null
  return isRecord && 'securityProfile' in connectionData ? profileFrom(connectionData.securityProfile) : null
}

function profileFrom(value: unknown): SecurityProfile | null {
  return value === 1 || value === 2 || value === 3 ? value : null
}
