// Which vendors are registered, for messages that charge points wait for.

import { expect, test } from 'bun:test'
import { transferVendorsCheckMs } from '../../../src/base/limits.ts'
import { createTransferVendorLookup, TransferVendorNames } from '../../../src/store/transfer-vendor-queries.ts'
import { HandClock } from '../../support/hand-clock.ts'

function registered(...ids: string[]) {
  const clock = new HandClock()
  const statements: string[] = []
  const query = async ({ name }: { readonly name: string }) => {
    statements.push(name)
    return { rows: ids.map((id) => ({ id, vendorId: id })) }
  }
  const pool = { query } as never
  const names = new TransferVendorNames(pool, clock)
  return { clock, ids, names, statements, lookUp: createTransferVendorLookup(pool, names) }
}

test('messages of vendors that nobody has registered cost no look-up', async () => {
  const { statements, lookUp } = registered('known')
  expect(await Promise.all(['a', 'b', 'c'].map(lookUp))).toEqual([null, null, null])
  expect(await lookUp('d')).toBeNull()
  expect(statements).toEqual(['stator_transfer_vendor_names'])
  expect(await lookUp('known')).toMatchObject({ vendorId: 'known' })
  expect(statements).toHaveLength(2)
})

test('a vendor that is registered here counts at once, one of another node after the next check', async () => {
  const { clock, ids, names } = registered()
  expect(await names.has('new')).toBe(false)
  ids.push('new')
  clock.pass(transferVendorsCheckMs - 1)
  expect(await names.has('new')).toBe(false)
  clock.pass(1)
  expect(await names.has('new')).toBe(true)
  ids.push('own')
  names.forget()
  expect(await names.has('own')).toBe(true)
})

test('names that are being read while one is registered are not kept', async () => {
  const { ids, names, statements } = registered()
  const early = names.has('own')
  ids.push('own')
  names.forget()
  await early
  expect(await names.has('own')).toBe(true)
  expect(statements).toHaveLength(2)
})
