// Which charge points the sender of a request may see and command. Whatever is read or changed for a request is given
// its scope, and takes what lies outside for something that does not exist.

/**
 * All charge points; or those that are in one of `groups`, keys of groups with all groups below them; or the one with
 * `chargePointKey`.
 */
export type Scope = 'all' | { readonly groups: readonly number[] } | { readonly chargePointKey: number }
