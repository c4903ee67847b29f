// Whose certificate it is (A00.FR.405): the name in it, exactly.

import { describe, expect, test } from 'bun:test'
import { factsOf } from '../../../../src/auth/certificates/facts.ts'
import { matchName, namesIn } from '../../../../src/auth/certificates/names.ts'
import { commonName, extensions, make } from '../../../support/made-certificates.ts'
import type { Wanted } from '../../../support/made-certificates.ts'

function names(wanted: Wanted): readonly string[] | string {
  return namesIn(factsOf(make(wanted).der))
}

const utf8 = 0x0c
const printable = 0x13
const ia5 = 0x16
const bmp = 0x1e
const teletex = 0x14

describe('the names in a certificate', () => {
  test.each([
    ['a commonName', { subject: 'CP001' }, ['CP001']],
    ['as PrintableString', { subject: [[commonName, printable, 'CP001']] }, ['CP001']],
    ['as IA5String', { subject: [[commonName, ia5, 'CP_001@a']] }, ['CP_001@a']],
    ['letters of any script', { subject: 'Säule-電' }, ['Säule-電']],
    [
      'a dNSName',
      { subject: 'SN1', extensions: [extensions.altName(0x82, 'cp001.example')] },
      ['SN1', 'cp001.example'],
    ],
    ['a URI', { subject: 'SN1', extensions: [extensions.altName(0x86, 'urn:cp:1')] }, ['SN1', 'urn:cp:1']],
    ['an otherName', { subject: 'SN1', extensions: [extensions.otherName('CP001')] }, ['SN1', 'CP001']],
    ['an e-mail address is none', { subject: 'SN1', extensions: [extensions.altName(0x81, 'cp@example')] }, ['SN1']],
    ['no commonName', { subject: [['2.5.4.10', utf8, 'CP001']] }, []],
  ] satisfies [string, Wanted, string[]][])('%s', (_what, wanted, expected) => {
    expect(names(wanted)).toEqual(expected)
  })

  test.each([
    [
      'two commonNames',
      [
        [commonName, utf8, 'CP001'],
        [commonName, utf8, 'CP002'],
      ],
      'more than one',
    ],
    ['a NUL', [[commonName, utf8, 'CP001\0.evil']], 'not plain text'],
    ['a line end', [[commonName, utf8, 'CP001\n']], 'not plain text'],
    ['an invisible character', [[commonName, utf8, 'CP\u200b001']], 'not plain text'],
    ['UTF-8 that is not valid', [[commonName, utf8, Uint8Array.of(0x43, 0xff)]], 'not plain text'],
    ['a longer form of a character', [[commonName, utf8, Uint8Array.of(0x43, 0xc1, 0x90)]], 'not plain text'],
    ['BMPString', [[commonName, bmp, Buffer.from('\0C\0P', 'latin1')]], 'not plain text'],
    ['TeletexString', [[commonName, teletex, 'CP001']], 'not plain text'],
    ['Latin-1 in a PrintableString', [[commonName, printable, Uint8Array.of(0x43, 0xe9)]], 'not plain text'],
    ['nothing', [[commonName, utf8, '']], 'not plain text'],
  ] satisfies [string, Wanted['subject'], string][])('%s never matches', (_what, subject, expected) => {
    expect(names({ subject })).toContain(expected)
  })
})

describe('a match', () => {
  const ofIdentity = { identity: 'CP001', certificateName: null }
  test.each([
    [['CP001'], ofIdentity, 'exact'],
    [['other', 'CP001'], ofIdentity, 'exact'],
    [['cp001'], ofIdentity, 'otherCase'],
    [['CP002'], ofIdentity, 'none'],
    [['CP001 '], ofIdentity, 'none'],
    [['CP0011'], ofIdentity, 'none'],
    [[], ofIdentity, 'none'],
    [['*'], ofIdentity, 'none'],
    [['\u212a1'], { identity: 'k1', certificateName: null }, 'none'],
    [['SN-0042'], { identity: 'CP001', certificateName: 'SN-0042' }, 'exact'],
    [['sn-0042'], { identity: 'CP001', certificateName: 'SN-0042' }, 'none'],
    [['CP001'], { identity: 'CP001', certificateName: 'SN-0042' }, 'none'],
  ] as const)('%p for %p is %s', (given, record, expected) => {
    expect(matchName(given, record)).toBe(expected)
  })
})
