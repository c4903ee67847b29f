// What a fill needs, and how it is refused.

import { expect, test } from 'bun:test'
import { UsageError } from '../../../../src/base/command-line.ts'
import { checkDisk, diskHere, needsOf } from '../../../../bench/reads/disk.ts'
import { readsSizes } from '../../../../bench/reads/sizes.ts'

test('a disk that is too small is refused in one sentence that says what to do', () => {
  const disk = { folder: '/somewhere', freeBytes: 20 * 2 ** 30 }
  const refused = () => checkDisk(readsSizes.large, disk)
  expect(refused).toThrow(UsageError)
  expect(refused).toThrow(
    /^The fill needs \d+\.\d GiB in \/somewhere, where 20\.0 GiB are free: choose a smaller --size/,
  )
  expect(() => checkDisk(readsSizes.standard, disk)).not.toThrow()
})

test('ten times as much needs ten times the disk and the time, but for what every database needs', () => {
  const { large } = readsSizes
  const tenth = Object.fromEntries(Object.entries(large).map(([name, value]) => [name, value / 10])) as typeof large
  expect(needsOf(large).bytes / needsOf(tenth).bytes).toBeWithin(6, 10)
  expect(needsOf(large).seconds / needsOf(tenth).seconds).toBeWithin(9, 10)
})

test('the free space is that of the folder for temporary files', () => {
  expect(diskHere().freeBytes).toBeGreaterThan(0)
})
