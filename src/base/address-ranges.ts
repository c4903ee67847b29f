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
  readonly isEmpty: boolean

  /** @param ranges each one that `isAddressRange` accepts. */
  constructor(ranges: readonly string[]) {
    this.isEmpty = ranges.length === 0
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
