// Reservations, local lists and smart charging in the database: what is read of them on every database, and how long it
// is kept.

import { expect, test } from 'bun:test'
import type { Change } from '../../../src/blocks/decision.ts'
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
    await queries.answerReservation(key, 7, 'Accepted', arrivalMs)
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
      await queries.answerChargingProfile({ chargePointKey: key, profileId }, 'Accepted', false, arrivalMs)
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
      await queries.answerChargingProfile({ chargePointKey: key, profileId }, 'Accepted', false, arrivalMs)
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
