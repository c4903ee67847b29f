// How a local list is brought to a charge point: it is asked for its version and its limits, then a job sends the rest.

import type { Context } from 'hono'
import { noteChange } from '../../api/audited.ts'
import type { ApiDeps } from '../../api/deps.ts'
import type { ApiEnv } from '../../api/env.ts'
import { answerWithJob, type QueueWish } from '../../api/jobs/job-command.ts'
import { newWireId } from '../../api/new-wire-id.ts'
import { invalidAnswer, requireConnected, requireValid, sendCommand } from '../../api/send-command.ts'
import { StatorError } from '../../base/errors.ts'
import { localListPartsAwaitedMax } from '../../base/limits.ts'
import type { OcppVersion } from '../../ocpp/version.ts'
import { configurationOf, getConfigurationCommand } from '../provisioning/configuration-commands.ts'
import type { ChargePointRecord } from '../records.ts'
import type { Command } from '../command.ts'
import type { Payload } from '../values.ts'
import { limitKeys, listPayloads, type ListUpdate, versionCommand, versionIn } from './commands.ts'
import { localListSync } from './job.ts'
import { changesBetween, isEmpty, type ListLimits, type LocalListRecord, localListState } from './local-list.ts'

/** What an operator wants of a synchronisation. */
interface SyncWish extends QueueWish {
  readonly updateType: 'Auto' | 'Full' | 'Differential'
}

/** The version that a charge point reports; it is stored. @throws {StatorError} those of `sendCommand`. */
export async function askVersion(deps: ApiDeps, chargePoint: ChargePointRecord): Promise<number> {
  const { version } = await requireConnected(deps, chargePoint)
  const { payload, problems } = await sendCommand(deps, chargePoint, version, versionCommand)
  const reported = versionIn(payload)
  if (reported === null) throw invalidAnswer(versionCommand.action, payload, problems)
  await deps.queries.noteLocalListVersion(chargePoint.key, reported, deps.clock.nowMs())
  return reported
}

/**
 * Starts the job that sends a list.
 *
 * @throws {StatorError} `CONFLICT` if the charge point has no local list, or one that is too small, or if another
 *   request sends a list at the same time; those of `answerWithJob`.
 */
export async function sync(
  deps: ApiDeps,
  c: Context<ApiEnv>,
  chargePoint: ChargePointRecord,
  list: LocalListRecord,
  wish: SyncWish,
) {
  const { queries, clock } = deps
  const { key } = chargePoint
  if (localListState(list) === 'sending') {
    throw new StatorError('CONFLICT', `Job ${list.sentJobId} sends the list; wait for its end, or cancel it`)
  }
  const found = await whatItHas(deps, chargePoint, wish.queue === true)
  const { entries } = list
  const { entriesMax } = found.limits
  if (entriesMax !== null && entries.length > entriesMax) {
    const has = `The list of charge point '${chargePoint.identity}' has ${entries.length} entries`
    throw new StatorError('CONFLICT', `${has}; it takes at most ${entriesMax} (LocalAuthListMaxLength)`)
  }
  const update = updateOf(list, found.version, wish.updateType)
  if (update.type === 'Differential' && isEmpty(update.changes)) {
    noteChange(c, { after: { status: 'Accepted' } })
    return c.json({ status: 'Accepted', message: 'The charge point has the list already' }, 200)
  }
  const firstVersion = Math.max(list.sentVersion, found.version ?? 0) + 1
  const made = new Map<OcppVersion, readonly Payload[]>()
  const payloadsIn = (version: OcppVersion): readonly Payload[] => {
    const payloads = made.get(version) ?? listPayloads(version, update, found.limits, firstVersion)
    made.set(version, payloads)
    return payloads
  }
  const spoken = found.spoken ?? chargePoint.ocppVersion ?? '2.0.1'
  const parts = payloadsIn(spoken).length
  for (const payload of payloadsIn(spoken)) requireValid(spoken, listCommand(payload))
  const requestId = newWireId()
  const sent = { version: firstVersion + parts - 1, requestId, entries, atMs: clock.nowMs() }
  if (!(await queries.noteSentLocalList(key, list.sentVersion, sent))) {
    throw new StatorError('CONFLICT', 'Another request sends the list at the same time; look at its job')
  }
  return answerWithJob(
    deps,
    c,
    chargePoint,
    {
      kind: localListSync,
      requestId,
      isLong: parts > localListPartsAwaitedMax,
      startsAtMs: null,
      commandOf: (version) => {
        // The version of the last message is the same in all versions of OCPP, however the list is divided.
        const [payload] = payloadsIn(version).length === parts ? payloadsIn(version) : []
        return payload === undefined ? null : listCommand(payload)
      },
      moreOf: (version) => payloadsIn(version).slice(1),
    },
    wish,
  )
}

function listCommand(payload: Payload): Command {
  return { action: 'SendLocalList', payload, fields: { '/localAuthorizationList': 'entries' } }
}

/** What a charge point has, and takes; the version is null if it cannot be asked now. */
interface Found {
  readonly spoken: OcppVersion | null
  readonly version: number | null
  readonly limits: ListLimits
}

const noLimits: ListLimits = { itemsMax: null, bytesMax: null, entriesMax: null }

async function whatItHas(deps: ApiDeps, chargePoint: ChargePointRecord, mayWait: boolean): Promise<Found> {
  const view = deps.live.get(chargePoint)
  const isAsked = view !== undefined && view.mayBeSent(versionCommand.action)
  if (mayWait && !isAsked) return { spoken: view?.version ?? null, version: null, limits: noLimits }
  const { version: spoken } = await requireConnected(deps, chargePoint)
  const version = await askVersion(deps, chargePoint)
  // 1.6 §6.20.
  if (version < 0) {
    throw new StatorError('CONFLICT', `Charge point '${chargePoint.identity}' does not support a local list`)
  }
  return { spoken, version, limits: await limitsOf(deps, chargePoint, spoken) }
}

/** The limits that a charge point says it has. Not all know these keys. */
async function limitsOf(deps: ApiDeps, chargePoint: ChargePointRecord, version: OcppVersion): Promise<ListLimits> {
  const keys: Partial<Record<keyof ListLimits, string>> = limitKeys[version]
  const asked = Object.values(keys)
  const command = getConfigurationCommand(version, asked)
  if ('badKey' in command) return noLimits
  try {
    const { payload } = await sendCommand(deps, chargePoint, version, command)
    const values = configurationOf(version, asked, payload, [])?.configurationKey ?? []
    const limitOf = (key: string | undefined): number | null => {
      const limit = Number(values.find((one) => one.key === key)?.value ?? '')
      return Number.isInteger(limit) && limit > 0 ? limit : null
    }
    return {
      itemsMax: limitOf(keys.itemsMax),
      bytesMax: limitOf(keys.bytesMax),
      entriesMax: limitOf(keys.entriesMax),
    }
  } catch (error) {
    if (error instanceof StatorError && error.code === 'CALL_ERROR') return noLimits
    throw error
  }
}

/** A differential update needs the list that was sent last: it is there if the charge point reports its version. */
function updateOf(list: LocalListRecord, reported: number | null, wanted: SyncWish['updateType']): ListUpdate {
  const { entries, sentEntries, sentVersion } = list
  const isThere = sentEntries !== null && reported === sentVersion
  if (wanted === 'Differential' && !isThere) {
    const what = 'The charge point does not report the version that was sent last'
    throw new StatorError('CONFLICT', `${what}; send the whole list (updateType Full)`)
  }
  return wanted === 'Full' || !isThere
    ? { type: 'Full', entries }
    : { type: 'Differential', changes: changesBetween(sentEntries, entries) }
}
