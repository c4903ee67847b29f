// How one case is measured, against a server that answers at once.

import { afterAll, beforeEach, expect, test } from 'bun:test'
import type { ReadCase } from '../../../../bench/reads/cases.ts'
import { latencyOf, middleOf, pathOf, readCase } from '../../../../bench/reads/reading.ts'

const list: ReadCase = {
  operation: { id: 'listThings', path: '/api/{place}/things', kind: 'list', pathParameters: ['place'], filters: ['q'] },
  filters: ['q'],
  isOfBusiest: false,
  reader: 'admin',
}
const limits = { requestsMax: 4, requestsMin: 1, requestsMsMax: 10_000 }

let asked: string[] = []
let answer = { status: 200, totalCount: 100 }
const server = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch(request) {
    const { pathname, search } = new URL(request.url)
    asked.push(pathname + search)
    return Response.json({ totalCount: answer.totalCount }, { status: answer.status })
  },
})
const source = { url: `http://127.0.0.1:${server.port}`, apiKey: 'key' }
beforeEach(() => {
  asked = []
  answer = { status: 200, totalCount: 100 }
})
afterAll(() => server.stop(true))

test('quantiles are times that were measured', () => {
  const times = Array.from({ length: 100 }, (_, index) => 100 - index)
  expect(latencyOf(times)).toEqual({ p50: 50, p95: 95, p99: 99, max: 100 })
  expect(latencyOf([7])).toEqual({ p50: 7, p95: 7, p99: 7, max: 7 })
  expect(latencyOf([])).toBeNull()
})

test('the middle of a list is a page between its first and its last one', () => {
  expect(middleOf('{"totalCount":1000}')).toBe(25)
  expect(middleOf('{"totalCount":41}')).toBe(2)
  expect(middleOf('{"totalCount":40}')).toBeNull()
})

test('values are written into path and query as a URL has them', () => {
  expect(pathOf(list, { place: 'a/b', q: '2 & 3' })).toBe('/api/a%2Fb/things?q=2+%26+3')
})

test('the first page and the middle are read for the subjects in turn, without the first request', async () => {
  const subjects = [
    { place: 'here', q: '1' },
    { place: 'there', q: '2' },
  ]
  const readings = await readCase(source, list, subjects, limits)
  expect(readings.map(({ page, requests, failures }) => [page, requests, failures])).toEqual([
    ['first', 4, {}],
    ['middle', 4, {}],
  ])
  const first = ['/api/here/things?q=1', '/api/there/things?q=2']
  const middle = first.map((path) => `${path}&page=3`)
  expect(asked).toEqual(['/api/here/things?q=1', ...first, ...first, ...middle, ...middle])
})

test('a list of two pages has no middle, and what is no list has no page', async () => {
  answer.totalCount = 21
  expect((await readCase(source, list, [{ place: 'here' }], limits)).map(({ page }) => page)).toEqual(['first'])
  const one: ReadCase = { ...list, operation: { ...list.operation, kind: 'one' }, filters: [] }
  expect((await readCase(source, one, [{ place: 'here' }], limits)).map(({ page }) => page)).toEqual([null])
})

test('an answer that is no 200 is counted as a failure', async () => {
  answer.status = 503
  const [reading] = await readCase(source, list, [{ place: 'here' }], limits)
  expect(reading).toMatchObject({ requests: 4, failures: { 'answered with 503': 4 } })
})

test('slow pages are asked for the fewest times, and a case without a subject is not', async () => {
  const slow = { requestsMax: 10, requestsMin: 2, requestsMsMax: -1 }
  expect(await readCase(source, list, [{ place: 'here' }], slow)).toMatchObject([{ requests: 2 }, { requests: 2 }])
  expect(await readCase(source, list, [], slow)).toEqual([])
})

test('a list that is for readers of all charge points only is not read for some', async () => {
  answer = { status: 403, totalCount: 0 }
  expect(await readCase(source, { ...list, reader: 'half' }, [{ place: 'here', q: '1' }], limits)).toEqual([])
  const [ofAdmin] = await readCase(source, list, [{ place: 'here', q: '1' }], limits)
  expect(ofAdmin?.failures).toEqual({ 'answered with 403': 4 })
})

test('the CPU time is told of one request', async () => {
  let requests = 0
  const cpuNow = () => ({ stator: 5 * asked.length, postgres: 2 * requests++ })
  const [first] = await readCase(source, list, [{ place: 'here', q: '1' }], limits, cpuNow)
  expect(first?.cpuMs).toEqual({ stator: 5, postgres: 0.5 })
})
