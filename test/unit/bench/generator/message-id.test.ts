// Message ids as bytes: each is new, and an answer is known by its own only.

import { expect, test } from 'bun:test'
import { MessageIds } from '../../../../bench/generator/message-id.ts'

const isAnswer = (ids: MessageIds, text: string): boolean =>
  ids.isAnswer(Buffer.from(`....${text}`), 4, text.length + 4)

test('ids are as long as a UUID and never come again', () => {
  const ids = new MessageIds()
  const seen = new Set<string>()
  for (let count = 0; count < 12_345; count++) {
    ids.next()
    seen.add(ids.id)
  }
  expect(seen.size).toBe(12_345)
  expect(ids.id).toMatch(/^[0-9a-f-]{24}000000012345$/)
  expect(ids.call.toString()).toBe(`[2,"${ids.id}`)
})

test('an answer is known by the id of the last CALL', () => {
  const ids = new MessageIds()
  ids.next()
  const earlier = ids.id
  ids.next()
  expect(isAnswer(ids, `[3,"${ids.id}",{}]`)).toBe(true)
  expect(isAnswer(ids, `[3,"${earlier}",{}]`)).toBe(false)
  expect(isAnswer(ids, `[4,"${ids.id}","InternalError","",{}]`)).toBe(false)
  expect(isAnswer(ids, `[3,"${new MessageIds().id}",{}]`)).toBe(false)
  expect(isAnswer(ids, `[3,"${ids.id.slice(0, 20)}`)).toBe(false)
})
