// Reads a CA certificate that an operator wants to have installed. Pure.

import { X509Certificate } from 'node:crypto'
import type { SentCertificate } from './records.ts'

/** Longest certificate in InstallCertificate, in characters (1.6 security whitepaper §5.11, 2.0.1 M05). */
export const certificateCharactersMax = 5_500

const pemOfOne = /^\s*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*$/

/** What the certificate says; or why it is not sent, as the end of the sentence `Certificate …`. */
export function readCaCertificate(pem: string, nowMs: number): SentCertificate | { readonly problem: string } {
  if (!pemOfOne.test(pem)) return { problem: 'must be one certificate in PEM' }
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(pem)
  } catch {
    return { problem: 'cannot be read: it is PEM, but no X.509 certificate' }
  }
  const validToMs = certificate.validToDate.getTime()
  if (validToMs <= nowMs) return { problem: `expired on ${certificate.validToDate.toISOString()}` }
  const subject = certificate.subject.replaceAll('\n', ', ')
  return { serialNumber: hexSerial(certificate.serialNumber), subject, validToMs }
}

/** A serial number without leading zeros, in upper case: charge points write them in several ways. */
function hexSerial(serialNumber: string): string {
  return serialNumber.toUpperCase().replace(/^0+/, '')
}
