import { expect, test } from 'bun:test'
import { RememberedFor } from '../../../src/auth/remembered-for.ts'
import { HandClock } from '../../support/hand-clock.ts'

const clock = new HandClock()

function counted<V>(value: V | null) {
  const counts = { reads: 0 }
  const read = async (): Promise<V | null> => {
    counts.reads++
    return value
  }
  return { counts, read }
}

test('a value is read again when its time is over', async () => {
  const remembered = new RememberedFor<string>(clock, 1_000, 10)
  const { counts, read } = counted('value')
  expect(await remembered.get('key', read)).toBe('value')
  clock.pass(999)
  expect(await remembered.get('key', read)).toBe('value')
  expect(counts.reads).toBe(1)
  clock.pass(1)
  await remembered.get('key', read)
  expect(counts.reads).toBe(2)
})

test('the time begins before the value is read: a slow read does not make it last longer', async () => {
  const remembered = new RememberedFor<string>(clock, 1_000, 10)
  await remembered.get('key', async () => {
    clock.pass(800)
    return 'earlier'
  })
  clock.pass(300)
  expect(await remembered.get('key', async () => 'later')).toBe('later')
})

test('what does not exist, or cannot be read, is not remembered', async () => {
  const remembered = new RememberedFor<string>(clock, 1_000, 10)
  const { counts, read } = counted<string>(null)
  expect(await remembered.get('key', read)).toBeNull()
  expect(await remembered.get('key', read)).toBeNull()
  expect(counts.reads).toBe(2)
  await expect(remembered.get('key', () => Promise.reject(new Error('away')))).rejects.toThrow('away')
  expect(remembered.size).toBe(0)
})

test('as many values are remembered as there is room for: the earliest ones are forgotten', async () => {
  const remembered = new RememberedFor<string>(clock, 1_000, 2)
  for (const key of ['a', 'b', 'c']) await remembered.get(key, async () => key)
  expect(remembered.size).toBe(2)
  const { counts, read } = counted('again')
  expect(await remembered.get('c', read)).toBe('c')
  expect(await remembered.get('a', read)).toBe('again')
  expect(counts.reads).toBe(1)
})
