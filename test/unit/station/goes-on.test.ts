// A station goes on with its next CALL, whatever fails in serving one.

import { expect, test } from 'bun:test'
import { silentLogger } from '../../../src/base/log.ts'
import { Registry } from '../../../src/station/registry.ts'
import { FakeSocket } from '../../support/fake-socket.ts'
import { inlineExaminer, openStation, stationDeps } from '../../support/fake-station.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { hydration } from '../../support/hydration.ts'
import { until } from '../../support/until.ts'

const heartbeat = '[2,"next","Heartbeat",{}]'

test.each([
  ['at once', true],
  ['in a worker', false],
])('when a frame that is examined %s makes the code itself fail', async (_, isAtOnce) => {
  const clock = new HandClock()
  const registry = new Registry({ clock })
  const failures: string[] = []
  const log = {
    ...silentLogger,
    error: (_fields: object, sentence: string) => failures.push(sentence),
    info: () => {
      throw new Error('A dropped frame cannot be noted.')
    },
  }
  const examineAtOnce = (task: Parameters<typeof inlineExaminer.examineAtOnce>[0]) =>
    isAtOnce || task.text === heartbeat ? inlineExaminer.examineAtOnce(task) : null
  const examiner = { ...inlineExaminer, examineAtOnce, examine: inlineExaminer.examine }
  const socket = new FakeSocket()
  const station = openStation(socket, stationDeps(clock, registry, { examiner, log }))
  registry.connect(hydration(), station)
  station.begin()
  station.receive('nothing that can be read'.padEnd(isAtOnce ? 0 : 20_000))
  station.receive(heartbeat)
  await until('the next CALL to be answered', () => socket.sent.length > 0)
  expect(socket.sent).toEqual([expect.stringContaining('[3,"next",')])
  expect(failures).toEqual(['A message was not served to its end.'])
  await station.settled()
})
