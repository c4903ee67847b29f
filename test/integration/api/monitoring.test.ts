// docs/monitoring against GET /metrics of a Stator that has done something, and against Prometheus's own checker.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { makeAuthority } from '../../support/made-certificates.ts'
import { handshakeAnswer } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'

const root = join(import.meta.dir, '../../..')
const documents = join(root, 'docs/monitoring')
const metricsToken = 'token-of-the-scraper'

const Rules = z.object({
  groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() })) })),
})
const Dashboard = z.object({
  panels: z.array(
    z.object({ title: z.string(), targets: z.array(z.object({ expr: z.string() })).default([]) }).loose(),
  ),
})

/** A PromQL expression, and where it stands. */
interface Expression {
  readonly from: string
  readonly expr: string
}

async function alertExpressions(): Promise<readonly Expression[]> {
  const rules = Rules.parse(Bun.YAML.parse(await Bun.file(join(documents, 'stator-alerts.yml')).text()))
  return rules.groups.flatMap((group) => group.rules.map(({ alert, expr }) => ({ from: alert, expr })))
}

/** With the variables of Grafana replaced, as Grafana sends them. */
async function dashboardExpressions(): Promise<readonly Expression[]> {
  const { panels } = Dashboard.parse(await Bun.file(join(documents, 'grafana-dashboard.json')).json())
  return panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => ({
      from: `panel ${title}`,
      expr: expr.replaceAll('$__rate_interval', '1m').replaceAll('$instance', '.*').replaceAll('$job', 'stator'),
    })),
  )
}

let stator: TestStator
let folder: string
let scraped: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stator-monitoring-'))
  // An authority that expires is a metric as well; behind a proxy it needs no TLS here.
  const ClientCertificateAuthority = join(folder, 'authority.pem')
  await Bun.write(ClientCertificateAuthority, makeAuthority('Root').certificate)
  const proxied = { TrustedProxies: ['192.0.2.1'], ProxyCertificateHeader: 'X-SSL-Client-Cert' }
  stator = await TestStator.start({
    settings: { Security: { MetricsToken: metricsToken, ClientCertificateAuthority, ...proxied } },
  })
  await stator.bootedRaw('CP001')
  await handshakeAnswer({ url: stator.ocppUrl, identity: 'CP001', password: 'a wrong one' })
  await stator.json('/api/chargepoints')
  const { text } = await stator.json('/metrics', {
    key: null,
    headers: { Authorization: `Bearer ${metricsToken}` },
  })
  scraped = String(text)
})

afterAll(async () => {
  await stator.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Names and labels of the series; Prometheus itself adds `up`, `job` and `instance`. */
function scrapedSeries(): { readonly names: ReadonlySet<string>; readonly labels: ReadonlySet<string> } {
  const lines = scraped.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  const names = new Set(['up', ...lines.map((line) => /^\w+/.exec(line)?.[0] ?? '')])
  const labels = [...scraped.matchAll(/[{,](\w+)="/g)].map(([, label = '']) => label)
  return { names, labels: new Set(['job', 'instance', ...labels]) }
}

describe('the alert rules and the dashboard', () => {
  test('name only metrics that GET /metrics has', async () => {
    const { names } = scrapedSeries()
    for (const { from, expr } of [...(await alertExpressions()), ...(await dashboardExpressions())]) {
      const named = expr.match(/\b(?:(?:stator|process)_\w+|up\b)/g) ?? []
      expect({ from, isEmpty: named.length === 0 }).toEqual({ from, isEmpty: false })
      expect({ from, unknown: named.filter((name) => !names.has(name)) }).toEqual({ from, unknown: [] })
    }
  })

  test('name only labels that these metrics have', async () => {
    const { labels } = scrapedSeries()
    for (const { from, expr } of [...(await alertExpressions()), ...(await dashboardExpressions())]) {
      const matched = [...expr.matchAll(/[{,]\s*(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label)
      const grouped = [...expr.matchAll(/\b(?:by|on|group_left|without) \(([^)]*)\)/g)].flatMap(([, list = '']) =>
        list.split(',').map((label) => label.trim()),
      )
      const unknown = [...matched, ...grouped].filter((label) => !labels.has(label))
      expect({ from, unknown }).toEqual({ from, unknown: [] })
    }
  })
})

const AlertTests = z.object({
  tests: z.array(
    z.object({
      name: z.string(),
      alert_rule_test: z.array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()).default([]) })),
    }),
  ),
})

test('every alert has a case in which it fires but not yet before, and is silent at a node in good order', async () => {
  const text = await Bun.file(join(root, 'test/fixtures/monitoring/stator-alerts.test.yml')).text()
  const cases = AlertTests.parse(Bun.YAML.parse(text)).tests.map(({ name, alert_rule_test: tried }) => ({
    name,
    firing: tried.filter(({ exp_alerts: fired }) => fired.length > 0).map(({ alertname }) => alertname),
    silent: tried.filter(({ exp_alerts: fired }) => fired.length === 0).map(({ alertname }) => alertname),
  }))
  const [inGoodOrder] = cases
  const alerts = (await alertExpressions()).map(({ from }) => from)
  expect(inGoodOrder).toEqual({ name: 'a node in good order raises no alert', firing: [], silent: alerts })
  const firing = cases.filter(({ firing: [alert = ''], silent }) => silent.includes(alert)).map((one) => one.firing)
  expect(firing.flat().toSorted()).toEqual(alerts.toSorted())
})

const promtool = Bun.which('promtool')
const isMissing = promtool === null
const why = isMissing ? ' (skipped: promtool is not installed; Debian has it in the package prometheus)' : ''

/** Runs promtool in the folder; resolves with what it printed, and fails the test unless it is content. */
async function promtoolAccepts(args: readonly string[], input = ''): Promise<string> {
  const run = Bun.spawn([promtool ?? '', ...args], {
    cwd: folder,
    stdin: Buffer.from(input),
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const printed = (await Promise.all([run.stdout.text(), run.stderr.text()])).join('')
  expect({ exitCode: await run.exited, printed }).toMatchObject({ exitCode: 0 })
  return printed
}

describe.skipIf(isMissing)(`promtool${why}`, () => {
  beforeAll(async () => {
    for (const file of ['prometheus.yml', 'stator-alerts.yml']) {
      await copyFile(join(documents, file), join(folder, file))
    }
    const alertTests = 'stator-alerts.test.yml'
    await copyFile(join(root, 'test/fixtures/monitoring', alertTests), join(folder, alertTests))
    await Bun.write(join(folder, 'stator-metrics-token'), metricsToken)
  })

  test('accepts the scrape configuration, with the rules and the token that it names', async () => {
    expect(await promtoolAccepts(['check', 'config', 'prometheus.yml'])).toContain('SUCCESS: 1 rule files found')
  })

  test('accepts the alert rules, and counts as many as there are', async () => {
    const { length } = await alertExpressions()
    expect(await promtoolAccepts(['check', 'rules', 'stator-alerts.yml'])).toContain(`${length} rules found`)
  })

  test('sees the alerts fire when they should, and only then', async () => {
    await promtoolAccepts(['test', 'rules', 'stator-alerts.test.yml'])
  })

  test('accepts every expression of the dashboard', async () => {
    const rules = (await dashboardExpressions()).map(({ expr }, at) => ({ record: `panel_${at}`, expr }))
    await Bun.write(join(folder, 'panels.yml'), JSON.stringify({ groups: [{ name: 'panels', rules }] }))
    expect(await promtoolAccepts(['check', 'rules', 'panels.yml'])).toContain(`${rules.length} rules found`)
  })

  test('accepts what GET /metrics answers', async () => {
    expect(await promtoolAccepts(['check', 'metrics'], scraped)).toBe('')
  })
})
