// Messages that are only stored: one handler serves all of them, with the answer in their row.

import { describe, expect, test } from 'bun:test'
import type { Payload } from '../../../src/blocks/decision.ts'
import type { MessageRow } from '../../../src/blocks/message-row.ts'
import { tables } from '../../../src/blocks/messages.ts'
import { keepStored } from '../../../src/blocks/notification.ts'
import { ocppVersions } from '../../../src/ocpp/version.ts'
import { arrivalMs, decide, known } from '../../support/known.ts'
import { smallestSample } from '../../support/schema-sample.ts'

const storedRows = ocppVersions.flatMap((version) =>
  Object.entries<MessageRow>(tables[version])
    .filter(([, row]) => row.standingAnswer !== null)
    .map(([action, row]) => ({ version, action, row })),
)

/** The answers that have a status. All others are answered with `{}`. */
const answers: Readonly<Record<string, Payload>> = {
  SignCertificate: { status: 'Rejected' },
  Get15118EVCertificate: { status: 'Failed', exiResponse: '' },
  GetCertificateStatus: { status: 'Failed' },
  OpenPeriodicEventStream: { status: 'Accepted' },
}

function fieldsOf(sample: unknown): Payload {
  if (typeof sample !== 'object' || sample === null) throw new Error('a payload is an object')
  return Object.fromEntries(Object.entries(sample))
}

describe('a message that is only stored', () => {
  test.each(storedRows)(
    'becomes an event of its charge point, as it was sent: $action of $version',
    ({ action, row }) => {
      if (row.handler === null) throw new Error('it has no handler')
      const sent = { ...fieldsOf(smallestSample(row.request)), odd: 1 }
      const { answer, changes, ...rest } = decide(row.handler, sent, { action })
      expect(answer).toEqual(answers[action] ?? {})
      expect(changes).toMatchObject([{ table: 'chargePointEvents', row: { action, payload: sent } }])
      expect(rest).toEqual({ anomalies: [] })
    },
  )

  test.each([
    ['timestamp', { timestamp: '2025-12-31T23:00:00Z' }, Date.UTC(2025, 11, 31, 23)],
    ['generatedAt', { generatedAt: '2025-12-31T23:00:00Z' }, Date.UTC(2025, 11, 31, 23)],
    ['no time that can be read', { timestamp: 'noon' }, arrivalMs],
    ['no time', { evseId: 1 }, null],
  ])('has the time that it says: %s', (_what, sent, occurredAtMs) => {
    const [change] = decide(keepStored({}), sent).changes
    expect(change).toMatchObject({ row: { occurredAtMs } })
  })

  test('has the time in the field that its row names', () => {
    const sent = { basetime: '2025-12-31T23:00:00Z', timestamp: '2025-12-30T00:00:00Z' }
    const [change] = decide(keepStored({}, ['basetime']), sent).changes
    expect(change).toMatchObject({ row: { occurredAtMs: Date.UTC(2025, 11, 31, 23) } })
  })

  test('about an EVSE has each of its connectors as a subject', () => {
    const connectorList = [1, 2].map((connectorId) => ({ evseId: 3, connectorId, status: 'Available' as const }))
    const about = keepStored({}).about?.({ evseId: 3 }, known({ connectorList }))
    expect(about).toEqual({ also: ['3/1', '3/1', '3/2'] })
    expect(keepStored({}).about?.({}, known({ connectorList }))).toEqual({})
  })
})
