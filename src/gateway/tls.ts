// Loads the server's certificate: PEM files, or a PFX (PKCS#12) file with its password. Bun.serve accepts PEM only and
// silently ignores `pfx`, so a PFX file is converted here.

import { X509Certificate, createPrivateKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { asn1 } from 'node-forge'
import { keyWeakness } from '../auth/certificates/certificate.ts'
import type { TlsSettings } from '../base/config.ts'
import { pemCertificates, readSettingFile, settingFileRefused } from '../base/setting-file.ts'

/**
 * Cipher suites of TLS 1.2 (A00.FR.317): with AEAD, forward secrecy first. The two without it are those that the
 * requirement names.
 */
const cipherSuites = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
  'AES128-GCM-SHA256',
  'AES256-GCM-SHA384',
].join(':')

/** The options of `Bun.serve({ tls })`, and the certificate's expiry. */
export interface TlsMaterial {
  /** PEM: the server's certificate, then the intermediate certificates. */
  readonly cert: string
  /** PEM, PKCS#8, without a password. */
  readonly key: string
  /** Cipher suites of TLS 1.2; those of 1.3 are fixed. Earlier versions are not spoken. */
  readonly ciphers: string
  readonly subject: string
  readonly validFromMs: number
  /** Expiry; charge points refuse to connect afterwards. */
  readonly expiresAtMs: number
}

/** The first byte of DER, and so of a PFX file. */
const derSequence = 0x30

/**
 * The certificate and key of `settings`.
 *
 * @throws {StatorError} `SETTING_INVALID`: unreadable file, wrong password, or key and certificate do not match.
 */
export async function loadTls(settings: TlsSettings): Promise<TlsMaterial> {
  const { certificatePath, keyPath } = settings
  const file = await readSettingFile('OCPP.CertificatePath', certificatePath)
  const isPem = file.includes('-----BEGIN ')
  if (!isPem && file[0] !== derSequence)
    throw settingFileRefused(
      'OCPP.CertificatePath',
      certificatePath,
      'expected a PEM file with a certificate, or a PFX file',
    )
  if (!isPem && keyPath !== null) {
    throw settingFileRefused('OCPP.CertificateKeyPath', keyPath, 'expected nothing, because a .pfx file holds its key')
  }
  const { certificates, key } = isPem ? await fromPem(file.toString('utf8'), settings) : await fromPfx(file, settings)
  const own = certificates.findIndex((certificate) => certificate.checkPrivateKey(key))
  const leaf = certificates[own]
  if (leaf === undefined) {
    const [setting, path] =
      keyPath === null ? ['OCPP.CertificatePath', certificatePath] : ['OCPP.CertificateKeyPath', keyPath]
    throw settingFileRefused(
      setting,
      path,
      `expected the private key of the certificate in ${certificatePath}; it is that of another`,
    )
  }
  const weakness = keyWeakness(leaf.publicKey)
  if (weakness !== null)
    throw settingFileRefused(
      'OCPP.CertificatePath',
      certificatePath,
      `expected a certificate with a stronger key; ${weakness}`,
    )
  const chain = [leaf, ...certificates.filter((_, index) => index !== own)]
  return {
    cert: chain.map((certificate) => certificate.toString()).join(''),
    key: String(key.export({ type: 'pkcs8', format: 'pem' })),
    ciphers: cipherSuites,
    subject: leaf.subject,
    validFromMs: leaf.validFromDate.getTime(),
    expiresAtMs: leaf.validToDate.getTime(),
  }
}

interface Opened {
  readonly certificates: readonly X509Certificate[]
  readonly key: KeyObject
}

async function fromPem(text: string, { certificatePath, keyPath, password }: TlsSettings): Promise<Opened> {
  const blocks = pemCertificates(text)
  if (blocks.length === 0)
    throw settingFileRefused('OCPP.CertificatePath', certificatePath, 'expected a PEM file with a certificate')
  const certificates = blocks.map((block) => certificateFrom(block, certificatePath))
  const keyText = keyPath === null ? text : String(await readSettingFile('OCPP.CertificateKeyPath', keyPath))
  const keySetting = keyPath === null ? 'OCPP.CertificatePath' : 'OCPP.CertificateKeyPath'
  const keyBlock = /-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----[\s\S]+?-----END (?:[A-Z]+ )*PRIVATE KEY-----/.exec(
    keyText,
  )?.[0]
  if (keyBlock === undefined) {
    const wish =
      keyPath === null ? 'a private key beside the certificate, or OCPP.CertificateKeyPath' : 'a PEM private key'
    throw settingFileRefused(keySetting, keyPath ?? certificatePath, `expected ${wish}`)
  }
  try {
    return {
      certificates,
      key: createPrivateKey({ key: keyBlock, ...(password === null ? {} : { passphrase: password }) }),
    }
  } catch (error) {
    throw settingFileRefused(
      keySetting,
      keyPath ?? certificatePath,
      `its private key cannot be opened with OCPP.CertificatePassword ` +
        `(${password === null ? 'which is empty' : 'not shown'}): expected the right password and an RSA or EC key`,
      error,
    )
  }
}

/** Converts a PFX file to PEM. Supports encryption with AES, and with the older RC2 and 3DES. */
async function fromPfx(file: Buffer, { certificatePath, password }: TlsSettings): Promise<Opened> {
  // Imported on demand: most installations have PEM files, and the library is large.
  const { default: forge } = await import('node-forge')
  const { asn1: codec, pki, pkcs12, util } = forge
  const der = (content: asn1.Asn1) => Buffer.from(codec.toDer(content).getBytes(), 'latin1')
  try {
    const content = codec.fromDer(util.createBuffer(file.toString('latin1')), false)
    const pfx = pkcs12.pkcs12FromAsn1(content, false, password ?? '')
    const bags = pfx.safeContents.flatMap((contents) => contents.safeBags)
    // node-forge parses RSA keys only; it returns other keys unparsed, as DER.
    const keys = bags.flatMap((bag) => {
      const isKey = bag.type === pki.oids.pkcs8ShroudedKeyBag || bag.type === pki.oids.keyBag
      if (!isKey) return []
      return [bag.key ? der(pki.wrapRsaPrivateKey(pki.privateKeyToAsn1(bag.key))) : der(bag.asn1)]
    })
    const certificates = bags.flatMap((bag) => {
      if (bag.type !== pki.oids.certBag) return []
      return [new X509Certificate(bag.cert ? der(pki.certificateToAsn1(bag.cert)) : der(bag.asn1))]
    })
    const [key] = keys
    if (key === undefined || certificates.length === 0) throw new Error('it holds no certificate with its private key')
    return { certificates, key: createPrivateKey({ key, format: 'der', type: 'pkcs8' }) }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw settingFileRefused(
      'OCPP.CertificatePath',
      certificatePath,
      `it cannot be opened with OCPP.CertificatePassword (${password === null ? 'which is empty' : 'not shown'}): ` +
        `${reason.replace(/[.?]$/, '')}; expected a PEM or PFX file and its password`,
      error,
    )
  }
}

function certificateFrom(pem: string, certificatePath: string): X509Certificate {
  try {
    return new X509Certificate(pem)
  } catch (error) {
    throw settingFileRefused(
      'OCPP.CertificatePath',
      certificatePath,
      'expected a PEM file; a certificate in it is damaged',
      error,
    )
  }
}
