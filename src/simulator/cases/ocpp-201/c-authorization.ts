// OCPP 2.0.1 Part 6 §3.4: C Authorization.

import type { Case, Play } from '../play.ts'
import type { Station } from '../station.ts'
import { booted, knownToken, Session, sessionOf, token, type Token, transactionIs } from './states.ts'

/** Authorize with a token of this status in Stator is answered with the same status. */
function authorizeIs(status: 'Blocked' | 'Expired'): Case {
  return async (play) => {
    const idToken = await knownToken(play, status.toLowerCase(), { status })
    const station = await booted(play)
    await station.sends('Authorize', { idToken }, { idTokenInfo: { status } })
  }
}

/** ClearCache, which the station answers with this status. */
function clearCache(status: 'Accepted' | 'Rejected'): Case {
  return async (play) => {
    const station = await booted(play)
    await station.called('ClearCache', {}, { status })
  }
}

/** The group of the master passes; stations have it as AuthCtrlr.MasterPassGroupId. */
const masterPassGroup = 'MASTERPASS'
const masterPassInfo = { status: 'Accepted', groupIdToken: { idToken: masterPassGroup, type: 'Central' } }

/** Two sessions on two EVSEs, with a token each, and a master pass. */
async function twoSessions(play: Play): Promise<{ station: Station; sessions: readonly Session[]; masterPass: Token }> {
  const tokens = [await knownToken(play, 'valid'), await knownToken(play, 'valid2')]
  const masterPass = await knownToken(play, 'master', { parentIdTag: masterPassGroup })
  const station = await booted(play)
  const sessions = tokens.map((idToken, index) => new Session(station, idToken, { evseId: index + 1 }))
  for (const session of sessions) await session.energyTransferStarted()
  return { station, sessions, masterPass }
}

/** The master pass is shown, and the sessions end by it. */
async function endedByMasterPass(sessions: readonly Session[], masterPass: Token): Promise<void> {
  const expected = { idTokenInfo: masterPassInfo }
  const info = { stoppedReason: 'MasterPass' }
  for (const session of sessions) {
    await session.ends('StopAuthorized', info, { idToken: masterPass, evse: session.evse }, expected)
  }
}

export const authorizationCases: Readonly<Record<string, Case>> = {
  TC_C_02_CSMS: async (play) => {
    const station = await booted(play)
    await station.sends('Authorize', { idToken: token(play, 'invalid') }, { idTokenInfo: { status: 'Unknown' } })
  },

  TC_C_06_CSMS: authorizeIs('Blocked'),

  TC_C_07_CSMS: authorizeIs('Expired'),

  TC_C_08_CSMS: async (play) => {
    const session = await sessionOf(play)
    await session.evConnectedPreSession()
    await session.event({
      eventType: 'Updated',
      triggerReason: 'Authorized',
      more: { idToken: session.token },
      expected: { idTokenInfo: { status: 'Accepted' } },
    })
  },

  TC_C_20_CSMS: async (play) => {
    const session = new Session(await booted(play), token(play, 'invalid'))
    await session.evConnectedPreSession()
    await session.event({
      eventType: 'Updated',
      triggerReason: 'Authorized',
      more: { idToken: session.token },
      expected: { idTokenInfo: { status: 'Unknown' } },
    })
  },

  TC_C_37_CSMS: clearCache('Accepted'),

  TC_C_38_CSMS: clearCache('Rejected'),

  TC_C_39_CSMS: async (play) => {
    const group = `${play.identity}-group`
    const idTokenInfo = { status: 'Accepted', groupIdToken: { idToken: group, type: 'Central' } }
    const first = await knownToken(play, 'valid', { parentIdTag: group })
    const second = await knownToken(play, 'valid2', { parentIdTag: group })
    const station = await booted(play)
    const session = new Session(station, first, { idTokenInfo })
    await session.evConnectedPreSession()
    await station.sends('Authorize', { idToken: second }, { idTokenInfo })
    await session.event({
      eventType: 'Updated',
      triggerReason: 'Authorized',
      more: { idToken: first },
      expected: { idTokenInfo },
    })
    session.isAuthorized = true
    await session.energyTransferStarted()
    await station.sends('Authorize', { idToken: second }, { idTokenInfo })
    await session.event({
      eventType: 'Updated',
      triggerReason: 'StopAuthorized',
      more: { idToken: second },
      expected: { idTokenInfo },
    })
    session.isStopAuthorized()
    await session.evConnectedPostSession()
    await session.evDisconnected()
    await transactionIs(station, { idTag: first.idToken, stopReason: 'EVDisconnected' })
  },

  TC_C_47_CSMS: async (play) => {
    const { station, sessions, masterPass } = await twoSessions(play)
    await station.sends('Authorize', { idToken: masterPass }, { idTokenInfo: masterPassInfo })
    await endedByMasterPass(sessions, masterPass)
  },

  // Step 1 names the valid id token, and the validation of step 2 the group of the master pass: the master pass is
  // meant.
  TC_C_48_CSMS: async (play) => {
    const { station, sessions, masterPass } = await twoSessions(play)
    await station.sends('Authorize', { idToken: masterPass }, { idTokenInfo: masterPassInfo })
    await endedByMasterPass(sessions.slice(0, 1), masterPass)
  },

  TC_C_49_CSMS: async (play) => {
    const { station, sessions, masterPass } = await twoSessions(play)
    await station.sends('Authorize', { idToken: masterPass }, { idTokenInfo: masterPassInfo })
    for (const session of sessions) {
      await session.ends(
        'StopAuthorized',
        { stoppedReason: 'MasterPass' },
        { idToken: session.token },
        { idTokenInfo: { status: 'Accepted' } },
      )
    }
  },
}
