// Opens what answers questions about certificates (`Security.Iso15118`). Without settings nobody is asked: a contract
// certificate cannot be verified then, and a status is not known.

import type { Clock } from '../../base/clock.ts'
import type { Iso15118Settings } from '../../base/iso15118-settings.ts'
import type { Logger } from '../../base/log.ts'
import { pemCertificates, readSettingFile, settingFileRefused } from '../../base/setting-file.ts'
import type { Asker, CertificateAnswer, CertificateQuestion } from '../../blocks/certificate-questions.ts'
import { type Certificate, readCertificate } from '../certificates/certificate.ts'
import type { Trust } from '../certificates/chain.ts'
import { RevocationLists } from '../certificates/revocation.ts'
import { askProvider } from './ev-certificates.ts'

const rootsSetting = 'Security.Iso15118.Roots'

/** Answers a question of a charge point. It resolves within the time-out of the settings. */
export type AskAboutCertificates = (asker: Asker, question: CertificateQuestion) => Promise<CertificateAnswer>

/**
 * Reads the authorities, and returns what answers. The library for OCSP is loaded only if there are any.
 *
 * @throws {StatorError} `SETTING_INVALID`: the file of the authorities cannot be read, or holds something else.
 */
export async function openCertificateAnswers(
  settings: Iso15118Settings,
  clock: Clock,
  log: Pick<Logger, 'warn'>,
): Promise<AskAboutCertificates> {
  const { rootsPath, provider, timeoutMs } = settings
  const anchors = rootsPath === null ? [] : await readRoots(rootsPath)
  const trust: Trust = { setting: rootsSetting, anchors, own: null, revoked: new RevocationLists([]) }
  const status = anchors.length === 0 ? null : await openStatuses(settings, trust, clock)

  async function answer(asker: Asker, question: CertificateQuestion, signal: AbortSignal): Promise<CertificateAnswer> {
    switch (question.kind) {
      case 'contract': {
        if (status !== null) return status.judgeContract(question, signal)
        return { kind: 'contract', status: 'unverified', reason: `${rootsSetting} is empty` }
      }
      case 'status': {
        const { about } = question
        if (status !== null)
          return { kind: 'status', about: await Promise.all(about.map((one) => status.ask(one, signal))) }
        return { kind: 'status', about: about.map(() => ({ status: 'Failed', reason: `${rootsSetting} is empty` })) }
      }
      case 'evCertificate':
        if (provider === null) return { kind: 'evCertificate', answer: null }
        return { kind: 'evCertificate', answer: await askProvider(provider, asker, question, signal).catch(away) }
    }
  }

  function away(error: unknown): null {
    log.warn({ error }, 'The provider of contract certificates gave no usable answer.')
    return null
  }

  return async (asker, question) => {
    const controller = new AbortController()
    const cancel = clock.after(timeoutMs, () => controller.abort(new Error(`no answer within ${timeoutMs} ms`)))
    try {
      return await answer(asker, question, controller.signal)
    } finally {
      cancel()
    }
  }
}

async function openStatuses(settings: Iso15118Settings, trust: Trust, clock: Clock) {
  const { CertificateStatuses } = await import('./statuses.ts')
  const { judgeContract } = await import('./contract.ts')
  const statuses = new CertificateStatuses({ settings, trust, clock })
  return {
    judgeContract: (question: Parameters<typeof judgeContract>[0], signal: AbortSignal) =>
      judgeContract(question, { trust, statuses, nowMs: clock.nowMs(), signal }),
    ask: (question: Parameters<typeof statuses.ask>[0], signal: AbortSignal) => statuses.ask(question, [], signal),
  }
}

async function readRoots(path: string): Promise<readonly Certificate[]> {
  const blocks = pemCertificates((await readSettingFile(rootsSetting, path)).toString('utf8'))
  const expected = 'expected a PEM file with certificates of authorities'
  if (blocks.length === 0) throw settingFileRefused(rootsSetting, path, expected)
  return blocks.map((block) => {
    try {
      const root = readCertificate(block)
      if (root.facts.isAuthority) return root
    } catch (error) {
      throw settingFileRefused(rootsSetting, path, `${expected}; one in it is damaged`, error)
    }
    throw settingFileRefused(rootsSetting, path, `${expected}; one in it is not (basicConstraints)`)
  })
}
