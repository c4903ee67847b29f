// How connections are spread over inner servers, and who is at which port.

import { expect, test } from 'bun:test'
import { innerConnectionsMax } from '../../../../src/base/limits.ts'
import { clientAt, InnerServers } from '../../../../src/gateway/front/inner-servers.ts'
import type { Clients } from '../../../../src/gateway/front/inner-servers.ts'
import type { Peer } from '../../../../src/gateway/peer.ts'

function opened(connectionsMax?: number): { inner: InnerServers; clients: Clients[]; stopped: number[] } {
  const clients: Clients[] = []
  const stopped: number[] = []
  const open = (known: Clients) => {
    const port = 40_000 + clients.push(known)
    return { port, stop: async () => void stopped.push(port) }
  }
  return { inner: new InnerServers(open, connectionsMax), clients, stopped }
}

function peer(remoteAddress: string): Peer {
  return { remoteAddress, isEncrypted: true, certificates: [] }
}

test('100,000 charge points are spread so that no server has more than the ports of a machine allow', () => {
  const { inner } = opened()
  const ports = Array.from({ length: 100_000 }, () => inner.place().port)
  const counts = Map.groupBy(ports, (port) => port)
  expect(counts.size).toBe(Math.ceil(100_000 / innerConnectionsMax))
  expect(Math.max(...counts.values().map((each) => each.length))).toBe(innerConnectionsMax)
  // net.ipv4.ip_local_port_range is 32768 to 60999.
  expect(innerConnectionsMax).toBeLessThan(60_999 - 32_768)
})

test('a released place is used again, and released once', () => {
  const { inner } = opened(2)
  const [first, second] = [inner.place(), inner.place()]
  expect(inner.count).toBe(1)
  first.release()
  first.release()
  expect(inner.place().port).toBe(second.port)
  expect(inner.place().port).not.toBe(second.port)
  expect(inner.count).toBe(2)
})

test('two servers may have clients at the same port', () => {
  const { inner, clients } = opened(1)
  inner.place().register(50_000, peer('192.0.2.1'))
  inner.place().register(50_000, peer('192.0.2.2'))
  expect(clients.map((known) => known.get(50_000)?.remoteAddress)).toEqual(['192.0.2.1', '192.0.2.2'])
})

test('a port that the system gave to the next connection stays that of the next one', () => {
  const { inner, clients } = opened()
  const [earlier, later] = [inner.place(), inner.place()]
  earlier.register(50_000, peer('192.0.2.1'))
  later.register(50_000, peer('192.0.2.2'))
  earlier.release()
  expect(clients[0]?.get(50_000)?.remoteAddress).toBe('192.0.2.2')
  later.release()
  expect(inner.clients).toBe(0)
})

test('a connection that closed before it was open registers nobody', () => {
  const { inner } = opened()
  const place = inner.place()
  place.release()
  place.register(50_000, peer('192.0.2.1'))
  expect(inner.clients).toBe(0)
})

test('all servers are stopped', async () => {
  const { inner, stopped } = opened(1)
  inner.place()
  inner.place()
  await inner.stop()
  expect(stopped).toHaveLength(2)
})

test('the same port at another address of this machine is nobody', () => {
  const { inner, clients } = opened()
  inner.place().register(50_000, peer('192.0.2.1'))
  const [known = new Map<number, Peer>()] = clients
  expect(clientAt({ address: '127.0.0.1', port: 50_000 }, known)?.remoteAddress).toBe('192.0.2.1')
  expect(clientAt({ address: '127.0.0.2', port: 50_000 }, known)).toBeNull()
  expect(clientAt({ address: '127.0.0.1', port: 50_001 }, known)).toBeNull()
  expect(clientAt(null, known)).toBeNull()
})
