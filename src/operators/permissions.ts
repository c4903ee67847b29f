// What an operator may be allowed to do. Each route of the REST API needs one of these permissions.

interface PermissionRow {
  /** As the documentation shows it. */
  readonly means: string
  /** Concerns more than single charge points: not for operators whose scope is some groups. */
  readonly isForAll?: true
}

/** Every permission: what it is about, and what may be done with it. */
export const permissionTable = {
  'chargepoint:read': { means: 'See charge points and their state.' },
  'chargepoint:write': { means: 'Create, change and delete charge points and their credentials, and so act as one.' },
  'group:read': { means: 'See groups of charge points.' },
  'group:write': { means: 'Create, change and delete groups.' },
  'transaction:read': { means: 'See transactions, their meter values and corrections.' },
  'transaction:write': { means: 'Close transactions, and correct how they were closed.' },
  'metervalue:read': { means: 'See the meter values of charge points.' },
  'event:read': { means: 'See notifications, histories and anomalies of charge points.' },
  'message:read': { means: 'See the message log.' },
  'configuration:read': { means: 'Ask charge points for their configuration.' },
  'configuration:write': { means: 'Change the configuration of charge points, passwords included, and so act as one.' },
  'command:start': { means: 'Start transactions remotely.' },
  'command:stop': { means: 'Stop transactions remotely.' },
  'command:reset': { means: 'Reset charge points.' },
  'command:unlock': { means: 'Unlock connectors.' },
  'command:availability': { means: 'Change whether charge points, EVSEs and connectors are operative.' },
  'command:trigger': { means: 'Have charge points send a message.' },
  'command:cache': { means: 'Clear the authorization cache of charge points.' },
  'command:read': { means: 'Ask charge points for the status of transactions, and for composite schedules.' },
  'command:data-transfer': { means: 'Send messages of vendors to charge points.' },
  'command:reserve': { means: 'Reserve EVSEs, and cancel reservations.' },
  'reservation:read': { means: 'See reservations.' },
  'command:firmware': { means: 'Update the firmware of charge points.' },
  'command:diagnostics': { means: 'Have charge points upload their logs.' },
  'command:customer': { means: 'Have charge points report and forget customers, and delete the reports.' },
  'command:call': { means: 'Send any CALL to a charge point, and so any other command too.' },
  'charging:read': { means: 'See charging profiles, limits by others, and what vehicles need.' },
  'charging:write': { means: 'Set and clear charging profiles, and have them reported.' },
  'display:read': { means: 'See display messages.' },
  'display:write': { means: 'Show and clear display messages, and have them reported.' },
  'tariff:read': { means: 'See prices, costs of transactions, and tariffs of charge points.' },
  'tariff:write': {
    means: 'Say what charge points charge and what transactions cost, and set and clear tariffs at charge points.',
  },
  'price:write': { means: 'Change the price of charge points that have no other.', isForAll: true },
  'local-list:read': { means: 'See local authorization lists.' },
  'local-list:write': { means: 'Change local authorization lists, and send them to charge points.' },
  'job:read': { means: 'See jobs: commands that outlive their requests.' },
  'job:file': { means: 'Read what charge points have uploaded for jobs, and reported of customers.' },
  'job:write': { means: 'Cancel jobs of any kind, and repeat those of which it is unknown whether they arrived.' },
  'credential:read': { means: 'See credential rotations.' },
  'credential:write': { means: 'Give charge points new credentials.' },
  'certificate:read': { means: 'See certificates of charge points, and of their authority.' },
  'certificate:write': { means: 'Install, renew, revoke and delete certificates of charge points.' },
  'security:read': { means: 'See security events.' },
  'data-transfer:read': { means: 'See whose messages of vendors are accepted.', isForAll: true },
  'data-transfer:write': { means: 'Register vendors whose messages are accepted.', isForAll: true },
  'quirk:read': { means: 'See quirk profiles.' },
  'quirk:write': { means: 'Import and delete quirk profiles.', isForAll: true },
  'idtag:read': { means: 'See id tags.', isForAll: true },
  'idtag:write': { means: 'Create, change and delete id tags.', isForAll: true },
  'idtag:erase': { means: 'Replace an id tag by a pseudonym wherever it is stored.', isForAll: true },
  'apikey:read': { means: 'See API keys of operators; never their text.' },
  'apikey:write': { means: 'Create, change and revoke API keys, for no more than one may do oneself.' },
  'role:read': { means: 'See roles.' },
  'role:write': { means: 'Create, change and delete roles, for no more than one may do oneself.', isForAll: true },
  'audit:read': { means: 'Read the audit log.' },
  'metrics:read': { means: 'Read the metrics, and why a node is not ready.', isForAll: true },
} as const satisfies Record<string, PermissionRow>

/** A permission: `<what it is about>:<what may be done>`. */
export type Permission = keyof typeof permissionTable

/** Every permission, in the order of the documentation. */
export const allPermissions: readonly Permission[] = Object.keys(permissionTable).filter(isPermission)

/** Whether `text` is the name of a permission. */
export function isPermission(text: string): text is Permission {
  return Object.hasOwn(permissionTable, text)
}

/** Whether a permission concerns more than single charge points. */
export function isForAll(permission: Permission): boolean {
  const row: PermissionRow = permissionTable[permission]
  return row.isForAll === true
}
