// Reservations, local lists and smart charging in the database: what is read of them on every database, and how long it
// is kept.

import { expect, test } from 'bun:test'
import type { Change } from '../../../src/blocks/decision.ts'
import { createDynamicScheduleLookup } from '../../../src/store/dynamic-schedule-queries.ts'
import { deleteOldChargingProfiles, deleteOldReservations } from '../../../src/store/retention.ts'
import { arrivalMs, changeSet, describeStore } from '../../support/store.ts'

const dayMs = 86_400_000

describeStore('named operations', (store) => {
  const commit = async (key: number, changes: readonly Change[]): Promise<void> => {
    await store().writer.commit(changeSet(key, { changes }))
  }

  test('a reservation is read with the end that was reported since it was made', async () => {
    const { queries, newChargePoint } = store()
    const key = await newChargePoint()
    const reservation = {
      chargePointKey: key,
      reservationId: 7,
      evseId: 1,
      connectorType: null,
      idToken: 'A\0B',
      groupIdToken: null,
      expiresAtMs: arrivalMs + dayMs,
      createdBy: 'admin',
    }
    await queries.storeReservation({ ...reservation, createdAtMs: arrivalMs - 1 })
    await queries.answerReservation({ ...reservation, createdAtMs: arrivalMs - 1 }, 'Accepted', arrivalMs)
    await commit(key, [{ table: 'reservationEnds', row: { reservationId: 7, ended: 'used', usedBy: 12 } }])
    const shown = { reservationId: 7, status: 'Accepted', expiresAtMs: arrivalMs + dayMs, failedAtMs: null }
    expect(await queries.reservation(key, 7)).toMatchObject({ ...shown, ended: 'used', transactionId: 12 })
    expect(await queries.reservationsOf(key, null, 9)).toHaveLength(1)
    await queries.storeReservation({ ...reservation, createdAtMs: arrivalMs + 1 })
    expect(await queries.reservation(key, 7)).toMatchObject({ status: null, ended: null, transactionId: null })
    expect(await queries.cancelReservation(key, 7, arrivalMs + 2)).toBe(true)
    expect(await queries.cancelReservation(key, 8, arrivalMs + 2)).toBe(false)
    expect(await queries.reservation(key, 7)).toMatchObject({ cancelledAtMs: arrivalMs + 2 })
  })

  test('an answer about a reservation is not one about another of its id that was made since', async () => {
    const { queries, newChargePoint } = store()
    const key = await newChargePoint()
    const make = async (idToken: string, createdAtMs: number) => {
      const place = { chargePointKey: key, reservationId: 7, evseId: 1, connectorType: null }
      const whose = { idToken, groupIdToken: null, createdBy: 'admin' }
      const made = { ...place, ...whose, expiresAtMs: arrivalMs + dayMs, createdAtMs }
      await queries.storeReservation(made)
      return made
    }
    const shown = async () => {
      const found = await queries.reservation(key, 7)
      return [found?.idToken, found?.status]
    }
    await queries.answerReservation(await make('A', arrivalMs), 'Accepted', arrivalMs)
    const second = await make('B', arrivalMs + 1)
    const third = await make('C', arrivalMs + 2)
    await queries.answerReservation(second, 'Occupied', arrivalMs + 3)
    expect(await shown()).toEqual(['C', null])
    await queries.answerReservation(third, 'Occupied', arrivalMs + 4)
    expect(await shown()).toEqual(['A', 'Accepted'])
    const fourth = await make('D', arrivalMs + 5)
    const fifth = await make('E', arrivalMs + 6)
    await queries.answerReservation(fourth, 'Accepted', arrivalMs + 7)
    expect(await shown()).toEqual(['E', null])
    await queries.answerReservation(fifth, 'Occupied', arrivalMs + 8)
    expect(await shown()).toEqual(['E', 'Occupied'])
  })

  test('a local list that is sent by two requests at once is noted for one of them', async () => {
    const { queries, newChargePoint } = store()
    const key = await newChargePoint()
    expect(await queries.localList(key)).toBeNull()
    const entries = [{ idTag: 'A', status: 'Accepted' }] as const
    await queries.storeLocalList(key, entries, 'admin', arrivalMs)
    const sent = { version: 3, requestId: 5, entries, atMs: arrivalMs }
    expect(await queries.noteSentLocalList(key, 0, sent)).toBe(true)
    expect(await queries.noteSentLocalList(key, 0, sent)).toBe(false)
    await queries.noteLocalListVersion(key, 3, arrivalMs + 1)
    await queries.storeLocalList(key, [], 'other', arrivalMs + 2)
    expect(await queries.localList(key)).toEqual({
      entries: [],
      changedAtMs: arrivalMs + 2,
      changedBy: 'other',
      sentVersion: 3,
      sentEntries: entries,
      sentAtMs: arrivalMs,
      sentJobId: null,
      sentState: null,
      reportedVersion: 3,
      reportedAtMs: arrivalMs + 1,
    })
  })

  test('profiles that were set and those that were reported are one list', async () => {
    const { queries, newChargePoint } = store()
    const key = await newChargePoint()
    const facts = { evseId: 1, stackLevel: 0, purpose: 'TxDefaultProfile', profile: {} }
    for (const profileId of [1, 2]) {
      const set = { setAtMs: arrivalMs - 1, setBy: 'admin', transactionId: null, validToMs: null }
      await queries.storeChargingProfile({ chargePointKey: key, profileId, ...facts, ...set })
      await queries.answerChargingProfile({ ...set, chargePointKey: key, profileId }, 'Accepted', false, arrivalMs)
    }
    const reported = (profileId: number): Change => ({
      table: 'reportedChargingProfiles',
      row: { profileId, source: 'EMS', stationTransactionId: null, ...facts },
    })
    await commit(key, [reported(2), reported(3)])
    const listed = async (after: number | null = null) =>
      (await queries.chargingProfilesOf(key, {}, after, 9)).map(({ profileId, setBy, source, clearedAtMs }) => [
        profileId,
        setBy,
        source,
        clearedAtMs,
      ])
    expect(await listed()).toEqual([
      [1, 'admin', null, null],
      [2, 'admin', 'EMS', null],
      [3, null, 'EMS', null],
    ])
    expect(await listed(2)).toEqual([[3, null, 'EMS', null]])
    await queries.clearChargingProfiles(key, { purpose: 'TxProfile' }, arrivalMs + 1)
    expect(await listed()).toHaveLength(3)
    await queries.clearChargingProfiles(key, { purpose: 'TxDefaultProfile', evseId: 1 }, arrivalMs + 1)
    expect(await listed()).toEqual([
      [1, 'admin', null, arrivalMs + 1],
      [2, 'admin', null, arrivalMs + 1],
    ])
  })

  test('an answer about a profile is not one about another of its id that was set since', async () => {
    const { queries, newChargePoint } = store()
    const key = await newChargePoint()
    const set = async (name: string, setAtMs: number) => {
      const facts = { evseId: 1, stackLevel: 0, purpose: 'TxDefaultProfile', profile: { name } }
      const more = { transactionId: null, validToMs: null, setBy: 'admin' }
      const made = { chargePointKey: key, profileId: 7, setAtMs, ...facts, ...more }
      await queries.storeChargingProfile(made)
      return made
    }
    const answer = (made: Awaited<ReturnType<typeof set>>, status: string) =>
      queries.answerChargingProfile(made, status, false, arrivalMs + 9)
    const shown = async () =>
      (await queries.chargingProfilesOf(key, {}, null, 9)).map(({ profile, status }) => [profile['name'], status])
    await answer(await set('A', arrivalMs), 'Accepted')
    const second = await set('B', arrivalMs + 1)
    const third = await set('C', arrivalMs + 2)
    await answer(second, 'Rejected')
    expect(await shown()).toEqual([['C', null]])
    await answer(third, 'Accepted')
    expect(await shown()).toEqual([['C', 'Accepted']])
  })

  test('an answer about limits of a dynamic profile leaves those that were set since as they are', async () => {
    const { queries, newChargePoint } = store()
    const key = await newChargePoint()
    const set = async (limit: number, setAtMs: number) => {
      const made = { chargePointKey: key, profileId: 7, scheduleUpdate: { limit }, setAtMs, setBy: 'admin' }
      await queries.storeDynamicSchedule(made)
      return made
    }
    const first = await set(32, arrivalMs)
    const second = await set(6, arrivalMs + 1)
    await queries.answerDynamicSchedule(first, 'Accepted')
    const shown = async () => await queries.dynamicSchedulesOf(key, null, 9)
    expect(await shown()).toMatchObject([{ scheduleUpdate: { limit: 6 }, status: null, setAtMs: arrivalMs + 1 }])
    await queries.answerDynamicSchedule(second, 'Accepted')
    expect(await shown()).toMatchObject([{ scheduleUpdate: { limit: 6 }, status: 'Accepted' }])
  })

  test('limits that the charge point refused, or of a profile that is another one now, are no answer', async () => {
    const { queries, database, newChargePoint } = store()
    const key = await newChargePoint()
    const asked = () => createDynamicScheduleLookup(database.pool)(key, 7)
    const set = async (setAtMs: number) => {
      const made = { chargePointKey: key, profileId: 7, scheduleUpdate: { limit: 32 }, setAtMs, setBy: 'admin' }
      await queries.storeDynamicSchedule(made)
      return made
    }
    const limits = await set(arrivalMs)
    expect(await asked()).toEqual({ limit: 32 })
    await queries.answerDynamicSchedule(limits, 'Rejected')
    expect(await asked()).toBeNull()
    await queries.answerDynamicSchedule(limits, 'Accepted')
    expect(await asked()).toEqual({ limit: 32 })
    const facts = { evseId: 1, stackLevel: 0, purpose: 'TxDefaultProfile', profile: {}, transactionId: null }
    const profile = { chargePointKey: key, profileId: 7, setBy: 'admin', validToMs: null, ...facts }
    await queries.storeChargingProfile({ ...profile, setAtMs: arrivalMs + 1 })
    expect(await asked()).toBeNull()
    await set(arrivalMs + 2)
    expect(await asked()).toEqual({ limit: 32 })
    await queries.clearChargingProfiles(key, { profileId: 7 }, arrivalMs + 3)
    expect(await asked()).toBeNull()
  })

  test('the last of limits and vehicles is read by EVSE', async () => {
    const { queries, newChargePoint } = store()
    const key = await newChargePoint()
    const limit = (isCleared: boolean): Change => ({
      table: 'chargingLimits',
      row: { evseId: 0, source: 'EMS', isCleared, payload: '{"a":1}' },
    })
    await commit(key, [limit(false)])
    await commit(key, [limit(true)])
    await commit(key, [{ table: 'evChargingNeeds', row: { evseId: 1, payload: { n: 1 } } }])
    await commit(key, [{ table: 'evChargingSchedules', row: { evseId: 2, payload: { s: 1 } } }])
    expect(await queries.chargingLimitsOf(key)).toEqual([
      { evseId: 0, source: 'EMS', isCleared: true, payload: { a: 1 }, receivedAtMs: arrivalMs },
    ])
    expect(await queries.evChargingOf(key)).toMatchObject([
      { evseId: 1, needs: { n: 1 }, schedule: null },
      { evseId: 2, needs: null, schedule: { s: 1 } },
    ])
  })

  test('what is over is forgotten, and profiles in force are kept', async () => {
    const { queries, database, newChargePoint } = store()
    const key = await newChargePoint()
    const made = { chargePointKey: key, evseId: 1, setAtMs: arrivalMs, setBy: 'admin', validToMs: null }
    for (const [profileId, purpose] of [
      [1, 'TxDefaultProfile'],
      [2, 'TxProfile'],
    ] as const) {
      const profile = { ...made, profileId, purpose, stackLevel: 0, transactionId: null, profile: {} }
      await queries.storeChargingProfile(profile)
      await queries.answerChargingProfile(profile, 'Accepted', false, arrivalMs)
    }
    await queries.storeReservation({
      chargePointKey: key,
      reservationId: 1,
      evseId: null,
      connectorType: null,
      idToken: 'A',
      groupIdToken: null,
      expiresAtMs: arrivalMs,
      createdAtMs: arrivalMs,
      createdBy: 'admin',
    })
    await commit(key, [{ table: 'reservationEnds', row: { reservationId: 1, ended: 'lost', usedBy: null } }])
    const forget = async (beforeMs: number): Promise<void> => {
      await deleteOldReservations(database.upkeepPool, beforeMs)
      await deleteOldChargingProfiles(database.upkeepPool, beforeMs)
    }
    await forget(arrivalMs)
    expect(await queries.reservation(key, 1)).not.toBeNull()
    await forget(arrivalMs + 1)
    expect(await queries.reservation(key, 1)).toBeNull()
    const left = await queries.chargingProfilesOf(key, {}, null, 9)
    expect(left.map(({ profileId }) => profileId)).toEqual([1])
    const { rows } = await database.pool.query('SELECT FROM reservation_ends WHERE charge_point_id = $1', [key])
    expect(rows).toEqual([])
  })
})
