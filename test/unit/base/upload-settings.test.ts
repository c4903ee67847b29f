// The settings of the upload server.

import { expect, test } from 'bun:test'
import { settingsFrom } from '../../../src/base/config.ts'

test('there is no upload server until it has a URL; it is encrypted as the gateway is, unless a proxy is before it', () => {
  const off = { port: 8081, isEncrypted: false, fileBytesMax: 104_857_600, atOnceMax: 4, days: 30 }
  expect(settingsFrom({}).uploads).toEqual({ publicUrl: null, ...off })
  const OCPP = { EnableSSL: true, CertificatePath: 'server.pem' }
  const Uploads = { PublicUrl: 'https://stator.example.com/files/' }
  const publicUrl = 'https://stator.example.com/files'
  expect(settingsFrom({ OCPP, Uploads }).uploads).toEqual({ ...off, publicUrl, isEncrypted: true })
  expect(settingsFrom({ Uploads }).uploads).toMatchObject({ publicUrl, isEncrypted: false })
  expect(settingsFrom({ OCPP, Uploads: { ...Uploads, EnableSSL: false } }).uploads.isEncrypted).toBe(false)
})

test('a URL that charge points cannot use, and the port of the gateway, stop a start', () => {
  const ftp = { Uploads: { PublicUrl: 'ftp://files.example.com' } }
  expect(() => settingsFrom(ftp)).toThrow('expected an http or https URL of at most 300 characters')
  for (const PublicUrl of ['https://me:pw@x', 'https://x/?a=1', 'https://x/#a', 'x', `https://${'x'.repeat(300)}`]) {
    expect(() => settingsFrom({ Uploads: { PublicUrl } })).toThrow('Uploads.PublicUrl')
  }
  expect(() => settingsFrom({ Uploads: { PublicUrl: 'http://x', Port: 8080 } })).toThrow('Uploads.Port is 8080')
})
