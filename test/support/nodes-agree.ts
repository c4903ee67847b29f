// What several processes on one database say of the same charge points.

import type { StatorProcess } from './stator-process.ts'
import { until } from './until.ts'

/** Longest until every node says the truth, in milliseconds. */
export const rightMsMax = 15_000

/** Which charge points are connected, as `node` says. */
export async function connectedAt(node: StatorProcess): Promise<readonly string[]> {
  const { chargePoints } = await node.json('/api/chargepoints?pageSize=100')
  const list = chargePoints as readonly { readonly chargePointId: string; readonly status: string }[]
  return list.filter(({ status }) => status !== 'Offline').map(({ chargePointId }) => chargePointId)
}

/** Waits until each node says that exactly `identities` are connected. Answers how long that took, in milliseconds. */
export async function agree(nodes: readonly StatorProcess[], identities: readonly string[]): Promise<number> {
  const startedMs = performance.now()
  for (const node of nodes) {
    await until(
      `${node.url} to say that ${identities.join(', ')} are connected`,
      async () => Bun.deepEquals(await connectedAt(node).catch(() => null), identities.toSorted()),
      rightMsMax - (performance.now() - startedMs),
    )
  }
  return performance.now() - startedMs
}
