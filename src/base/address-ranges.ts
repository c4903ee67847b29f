// IP addresses and ranges of them (CIDR), of both versions.

import { BlockList, isIP } from 'node:net'

/** An IPv4 address in the form of an IPv6 one (`::ffff:192.0.2.1`) as IPv4, and without a zone; others as they are. */
export function plainAddress(address: string): string {
  const [bare = ''] = address.split('%')
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(bare)?.[1]
  if (mapped !== undefined) return mapped
  const hex = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(bare)
  if (hex === null) return bare
  const [high, low] = hex.slice(1).map((part) => Number.parseInt(part, 16))
  return [(high ?? 0) >> 8, (high ?? 0) & 255, (low ?? 0) >> 8, (low ?? 0) & 255].join('.')
}

/** What the clients of an address are counted under: an IPv4 address, or the first 64 bits of an IPv6 address. */
export function networkOf(address: string): string {
  const plain = plainAddress(address)
  if (!plain.includes(':')) return plain
  const [head = '', tail] = plain.toLowerCase().split('::', 2)
  const first = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length)
  const groups = [...first, ...Array.from({ length: zeros }, () => '0'), ...last]
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}

/** Whether `text` is an address, or a range such as `10.0.0.0/8` that is not everything. */
export function isAddressRange(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  if (prefix === undefined) return true
  const bitsMin = plainAddress(address) === address ? 1 : 97
  return /^\d{1,3}$/.test(prefix) && Number(prefix) >= bitsMin && Number(prefix) <= (version === 4 ? 32 : 128)
}

/** A list of addresses and ranges. */
export class AddressRanges {
  readonly #list = new BlockList()

  /** @param ranges each one that `isAddressRange` accepts. */
  constructor(ranges: readonly string[]) {
    for (const range of ranges) {
      const [address = '', prefix] = range.split('/')
      const plain = plainAddress(address)
      const family = familyOf(plain)
      if (prefix === undefined) this.#list.addAddress(plain, family)
      // A range of IPv4 in the form of IPv6 has 96 bits before those of the address.
      else this.#list.addSubnet(plain, Number(prefix) - (plain === address ? 0 : 96), family)
    }
  }

  has(address: string): boolean {
    const plain = plainAddress(address)
    return isIP(plain) !== 0 && this.#list.check(plain, familyOf(plain))
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4'
}
