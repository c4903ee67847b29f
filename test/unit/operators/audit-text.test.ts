import { describe, expect, test } from 'bun:test'
import { auditTextCharactersMax } from '../../../src/base/limits.ts'
import { auditedText, IdTagDigests } from '../../../src/operators/audit-text.ts'

const digests = new IdTagDigests(Buffer.from('the secret of an installation'))
const [one, two, three] = ['TAG1', 'TAG2', 'TAG3'].map((idTag) => digests.of(idTag))

function kept(value: unknown): unknown {
  return JSON.parse(auditedText(value, digests).json)
}

describe('the digest of an id tag', () => {
  test('is short, keyed, and the same in any letter case', () => {
    expect(digests.of('TAG1')).toMatch(/^idTag:[0-9a-f]{16}$/)
    expect(digests.of('tag1')).toBe(digests.of('TAG1'))
    expect(digests.of('TAG2')).not.toBe(digests.of('TAG1'))
    expect(new IdTagDigests(Buffer.from('another secret')).of('TAG1')).not.toBe(digests.of('TAG1'))
  })

  test('is found under an earlier secret as well', () => {
    const [earlier, later] = [Buffer.from('earlier'), Buffer.from('later')]
    expect(new IdTagDigests(later, [earlier]).allOf('TAG1')).toContain(new IdTagDigests(earlier).of('TAG1'))
  })
})

describe('the audit log keeps', () => {
  test.each([
    ['a path parameter', { params: { idTag: 'TAG1' } }, { params: { idTag: one } }],
    ['a parent', { body: { idTag: 'TAG1', parentIdTag: 'TAG2' } }, { body: { idTag: one, parentIdTag: two } }],
    [
      'an idToken of 2.x',
      { idToken: { idToken: 'TAG1', type: 'Central', additionalInfo: [{ additionalIdToken: 'TAG2', type: 'x' }] } },
      { idToken: { idToken: one, type: 'Central', additionalInfo: [{ additionalIdToken: two, type: 'x' }] } },
    ],
    [
      'a local list',
      {
        payload: {
          localAuthorizationList: [{ idTag: 'TAG1', idTagInfo: { status: 'Accepted', parentIdTag: 'TAG3' } }],
        },
      },
      { payload: { localAuthorizationList: [{ idTag: one, idTagInfo: { status: 'Accepted', parentIdTag: three } }] } },
    ],
    [
      'a group',
      { groupIdToken: { idToken: 'TAG1', type: 'Central' } },
      { groupIdToken: { idToken: one, type: 'Central' } },
    ],
    ['a list of ids', { createdIdTags: ['TAG1', 'TAG2'] }, { createdIdTags: [one, two] }],
    ['a number', { idTag: 4711 }, { idTag: digests.of('4711') }],
    ['a configuration key', { key: 'FreevendIdTag', value: 'TAG1' }, { key: 'FreevendIdTag', value: one }],
    [
      'a variable',
      { variable: { name: 'FreevendIdTag' }, attributeValue: 'TAG1' },
      { variable: { name: 'FreevendIdTag' }, attributeValue: one },
    ],
    [
      'a group of the master pass',
      { variable: { name: 'MasterPassGroupId' }, attributeValue: 'TAG1' },
      { variable: { name: 'MasterPassGroupId' }, attributeValue: one },
    ],
    ['a customer', { customerIdentifier: 'TAG1' }, { customerIdentifier: one }],
    ['JSON in a text', { data: '{"idTag":"TAG1"}' }, { data: `{"idTag":"${one}"}` }],
    ['JSON in a text that is broken', { data: '{"idTag":"TAG1"' }, { data: '…' }],
  ])('digests in place of the id tags: %s', (_, value, expected) => {
    expect(kept(value)).toEqual(expected)
    expect(auditedText(value, digests).json).not.toContain('TAG')
  })

  test('nothing of passwords, keys, and secrets in URLs and configuration keys', () => {
    const secrets = {
      password: 'secret-1',
      apiKey: 'secret-2',
      payload: { key: 'AuthorizationKey', value: 'secret-3' },
      location: 'ftp://user:secret-4@example.org/log',
      data: '{"apnPassword":"secret-5"}',
      password2: null,
    }
    expect(kept(secrets)).toMatchObject({ password: '***', apiKey: '***', password2: null })
    expect(auditedText(secrets, digests).json).not.toContain('secret-')
  })

  test('every other value as it is', () => {
    const value = { list: [1, 'two', null, true, { three: 3.5 }], text: 'é\u0000\ud800', empty: {} }
    expect(kept(value)).toEqual(value)
  })

  test('of a long text its length, and the digests of its id tags', () => {
    const long = Array.from({ length: 3_000 }, (_, index) => ({ idTag: `TAG-${index}`, more: 'x'.repeat(20) }))
    const { json, idTags } = auditedText(long, digests)
    expect(JSON.parse(json)).toEqual({ leftOutCharacters: expect.any(Number) })
    expect(json.length).toBeLessThan(auditTextCharactersMax)
    expect(idTags).toHaveLength(3_000)
    expect(idTags).toContain(digests.of('tag-2999'))
  })

  test("of a vendor's own data its length, and the digests of its id tags", () => {
    const of = (data: unknown) => ({ payload: { vendorId: 'V', messageId: 'M', data } })
    const leftOut = (leftOutCharacters: number) => of({ leftOutCharacters })
    expect(kept(of('TAG1'))).toEqual(leftOut(4))
    expect(kept(of({ card: 'TAG1' }))).toEqual(leftOut(15))
    const { json, idTags } = auditedText(of('{"idTag":"TAG1","card":"TAG2"}'), digests)
    expect(JSON.parse(json)).toEqual(leftOut(30))
    expect(idTags).toEqual([one ?? ''])
    expect(kept({ customData: { vendorId: 'V', card: 'TAG1' } })).toEqual({
      customData: { vendorId: 'V', card: { leftOutCharacters: 4 } },
    })
  })

  test('something of a value that nests as deep as a body may', () => {
    let value: unknown = { idTag: 'TAG1' }
    for (let level = 0; level < 2_000; level++) value = [value]
    expect(auditedText(value, digests).json).not.toContain('TAG1')
  })
})
