// Words of OCPP that an id token may be by chance.

import { expect, test } from 'bun:test'
import { isProtocolWord } from '../../../../src/store/erasure/protocol-words.ts'

test('names of messages and members, and values of enumerations, are words of OCPP', () => {
  for (const word of ['starttransaction', 'transactionevent', 'idtag', 'available', 'iso14443', 'wh', 'accepted'])
    expect([word, isProtocolWord(word)]).toEqual([word, true])
})

test('an id token is none', () => {
  for (const key of ['user123', '04a1b2c3d4e5f6', 'toString'.toLowerCase(), ''])
    expect([key, isProtocolWord(key)]).toEqual([key, false])
})
