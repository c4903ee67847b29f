// Tokens in the URLs of uploads.

import { expect, test } from 'bun:test'
import { newUploadUrl, uploadAt } from '../../../src/auth/upload-token.ts'
import { hideFrameSecrets } from '../../../src/base/hide-frame-secrets.ts'
import { hideSecrets } from '../../../src/base/hide-secrets.ts'

test('a token is found behind the path of a proxy, with and without the name of a file', () => {
  const { url, tokenHash } = newUploadUrl('https://stator.example.com/files')
  const path = new URL(url).pathname
  const at = (fileName: string) => ({ tokenHash, fileName })
  expect(uploadAt(path)).toEqual(at(''))
  expect(uploadAt(path.slice(0, -1))).toEqual(at(''))
  expect(uploadAt(`${path}cp.zip`)).toEqual(at('cp.zip'))
  expect(uploadAt(`${path}/logs/cp.zip`)).toEqual(at('/logs/cp.zip'))
  for (const wrong of ['/', '/uploads/', `${path.slice(0, -2)}`, `/uploads/${'x'.repeat(44)}/`]) {
    expect(uploadAt(wrong)).toBeNull()
  }
  expect(newUploadUrl('https://x').tokenHash).not.toBe(tokenHash)
})

test('the token is hidden in texts and frames, also where slashes are escaped', () => {
  const { url } = newUploadUrl('https://stator.example.com')
  const hidden = 'https://stator.example.com/uploads/***/'
  expect(hideSecrets(`PUT ${url}cp.zip`)).toBe(`PUT ${hidden}cp.zip`)
  const frame = JSON.stringify([2, '1', 'GetLog', { log: { remoteLocation: url } }])
  expect(hideFrameSecrets(frame)).toBe(frame.replace(url, hidden))
  expect(hideFrameSecrets(frame.replaceAll('/', '\\/'))).not.toContain(url.slice(-44))
  expect(hideFrameSecrets(`[2,"1","GetDiagnostics",{"location":"${url}`)).not.toContain(url.slice(-44))
})
