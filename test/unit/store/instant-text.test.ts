import { expect, test } from 'bun:test'
import { instantText } from '../../../src/store/instant-text.ts'

test('an instant is a text that PostgreSQL reads, before the year 1 and after 9999 as well', () => {
  expect(instantText(0)).toBe('1970-01-01T00:00:00.000Z')
  expect(instantText(Date.parse('0001-01-01T00:00:00Z') - 31 * 86_400_000)).toBe('0001-01-01T00:00:00.000Z')
  expect(instantText(Date.parse('9999-12-31T23:59:59Z') + 1_000)).toBe('10000-01-01T00:00:00.000Z')
})
