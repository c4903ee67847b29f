// The operators that authenticating sees, in memory: what the store keeps, without the store.

import type { OperatorStore } from '../../src/auth/operators.ts'
import type { NamedRights, StoredKey } from '../../src/operators/records.ts'

/** A store with the keys, roles and groups that were put into it. `reads` has what was asked for. */
export class MemoryOperatorStore implements OperatorStore {
  readonly keys = new Map<string, StoredKey>()
  readonly roles = new Map<string, readonly string[]>()
  /** Groups by the words of tokens. */
  readonly groups = new Map<string, readonly number[]>()
  readonly reads: string[] = []
  readonly uses: Parameters<OperatorStore['noteUse']>[0][] = []

  async apiKey(id: string): Promise<StoredKey | null> {
    this.reads.push(id)
    return this.keys.get(id) ?? null
  }

  async namedRights(roles: readonly string[], groups: readonly string[]): Promise<NamedRights> {
    this.reads.push(...roles, ...groups)
    return {
      roles: new Map([...this.roles].filter(([name]) => roles.includes(name))),
      groups: groups.flatMap((word) => this.groups.get(word) ?? []),
    }
  }

  noteUse(use: Parameters<OperatorStore['noteUse']>[0]): void {
    this.uses.push(use)
  }
}
