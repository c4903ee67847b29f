// A file in a multipart form, wherever the network cuts the form.

import { describe, expect, test } from 'bun:test'
import { boundaryOf, fileInForm, fileNameIn } from '../../../../src/gateway/uploads/multipart.ts'

const boundary = 'XyZ'
const content = 'first line\r\n--Xy is no boundary\r\n--\r\nlast line'
const part = (headers: string, body: string): string => `--${boundary}\r\n${headers}\r\n\r\n${body}\r\n`
const field = part('Content-Disposition: form-data; name="a"', 'a value')
const filePart = part('content-disposition: form-data; name="f"; filename="log 1.zip"\r\nContent-Type: x/y', content)
const end = `--${boundary}--\r\n`

async function read(pieces: readonly string[]) {
  const names: string[] = []
  const source = async function* () {
    for (const piece of pieces) yield Buffer.from(piece)
  }
  const found: Uint8Array[] = []
  for await (const piece of fileInForm(source(), boundary, (name) => names.push(name))) found.push(piece)
  return { names, content: Buffer.concat(found).toString() }
}

const whole = { names: ['log 1.zip'], content }

test('the file is the first part that has a file name', async () => {
  expect(await read([field + filePart + field + end])).toEqual(whole)
  expect(await read([`a preamble\r\n${filePart}${filePart}${end}`])).toEqual(whole)
})

test('a form may be cut anywhere', async () => {
  const form = field + filePart + end
  for (let at = 1; at < form.length; at++) expect(await read([form.slice(0, at), form.slice(at)])).toEqual(whole)
  expect(await read([...form])).toEqual(whole)
})

test('an empty file is found', async () => {
  const none = part('Content-Disposition: form-data; name="f"; filename=x.bin', '')
  expect(await read([none + end])).toEqual({ names: ['x.bin'], content: '' })
})

describe('it is no file', () => {
  const form = field + filePart
  test.each([
    ['a form that ends before its file does', form.slice(0, -2)],
    ['a form without a file', field + end],
    ['an empty form', end],
    ['nothing', ''],
    ['a header without an end', `--${boundary}\r\n${'x'.repeat(20_000)}`],
  ])('%s', async (_, text) => {
    expect(read([text])).rejects.toMatchObject({ code: 'BAD_REQUEST' })
  })
})

test('a boundary and a file name may stand in quotes', () => {
  expect(boundaryOf('multipart/form-data; boundary=abc')).toBe('abc')
  expect(boundaryOf('Multipart/Form-Data; charset=utf-8; boundary="a b"')).toBe('a b')
  expect(boundaryOf('application/octet-stream')).toBeNull()
  expect(boundaryOf(null)).toBeNull()
  expect(fileNameIn('attachment; filename="a b.log"')).toBe('a b.log')
  expect(fileNameIn('form-data; name="x"')).toBeNull()
})
