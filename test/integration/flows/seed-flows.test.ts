// The eight flows of the API documentation over real sockets, with two charge points that nobody here wrote: the client of
// `ocpp-rpc`, which checks every frame in both directions against its own schemas, and the printed Node.js example.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { RPCClient } from 'ocpp-rpc'
import { flows16, flows201, idTag, remoteStartBody } from '../../fixtures/seed-flows.ts'
import { PrintedClient } from '../../support/printed-client.ts'
import { passwordDefault, TestStator } from '../../support/stator.ts'
import { until, within } from '../../support/until.ts'

type Payload = Record<string, unknown>

/** One charge point, whoever wrote it. */
interface Client {
  call(action: string, payload: object): Promise<Payload>
  /** The next command of that name. Whether it is answered is up to the client. */
  command(action: string): Promise<Payload>
  stop(): Promise<void>
}

let central: TestStator
let clients = 0

beforeAll(async () => {
  central = await TestStator.start()
  await central.addIdTag(idTag, { expiryDate: '2035-12-31T23:59:59Z', parentIdTag: 'PARENT001' })
})

afterAll(() => central.stop())

async function rpcClient(identity: string, version: '1.6' | '2.0.1'): Promise<Client> {
  const client = new RPCClient({
    endpoint: central.ocppUrl,
    identity,
    password: passwordDefault,
    protocols: [`ocpp${version}`],
    strictMode: true,
    reconnect: false,
    callTimeoutMs: 10_000,
  } as ConstructorParameters<typeof RPCClient>[0])
  const commands: { method: string; params: Payload }[] = []
  const broken: string[] = []
  client.on('strictValidationFailure', ({ error }) => broken.push(String(error)))
  client.handle((({ method, params }: { method: string; params: Payload }) => {
    commands.push({ method, params })
    return { status: 'Accepted' }
  }) as unknown as Parameters<typeof client.handle>[0])
  await client.connect()
  return {
    async call(action, payload) {
      const answer = (await client.call(action, payload)) as Payload
      expect(broken).toEqual([])
      return answer
    },
    command: async (action) => (await until(action, () => commands.find(({ method }) => method === action))).params,
    async stop() {
      expect(broken).toEqual([])
      await client.close({})
    },
  }
}

async function printedClient(identity: string, version: '1.6' | '2.0.1'): Promise<Client> {
  const client = await PrintedClient.start({
    origin: central.ocppUrl.replace('/ocpp', ''),
    subprotocol: `ocpp${version}`,
    identity,
  })
  await client.line('the client to be connected', (line) => line === 'Connected to OCPP Central System')
  return client
}

const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)

describe.each([
  ['ocpp-rpc', rpcClient],
  ['the printed Node.js client', printedClient],
] as const)('%s', (name, open) => {
  // The printed client carries the credentials of CP001 under every identity, which is noted and accepted.
  const isPrinted = name !== 'ocpp-rpc'

  async function connect(version: '1.6' | '2.0.1'): Promise<{ client: Client; identity: string }> {
    const identity = `CLIENT${++clients}`
    // The printed client says `CP001` in its credentials, whatever its URL says.
    await central.provision(identity, { location: 'Building A, Floor 1', allowOtherUserName: true })
    return { client: await open(identity, version), identity }
  }

  test('speaks OCPP 1.6 through all flows of the documentation', async () => {
    const { client, identity } = await connect('1.6')
    expect(await client.call('BootNotification', flows16.boot)).toEqual({
      status: 'Accepted',
      currentTime: time,
      interval: 300,
    })
    expect(await client.call('Authorize', flows16.authorize)).toEqual({
      idTagInfo: { status: 'Accepted', expiryDate: '2035-12-31T23:59:59.000Z', parentIdTag: 'PARENT001' },
    })
    const started = await client.call('StartTransaction', flows16.start)
    expect(started).toEqual({
      transactionId: expect.any(Number),
      idTagInfo: { status: 'Accepted', expiryDate: '2035-12-31T23:59:59.000Z', parentIdTag: 'PARENT001' },
    })
    const transactionId = Number(started['transactionId'])
    expect(await client.call('Heartbeat', {})).toEqual({ currentTime: time })
    expect(await client.call('MeterValues', flows16.meterValues(transactionId))).toEqual({})
    expect(await client.call('StatusNotification', flows16.status('Charging'))).toEqual({})
    expect(await central.json(`/api/chargepoints/${identity}/status`)).toMatchObject({
      chargePointId: identity,
      status: 'Charging',
      connectors: [{ connectorId: 1, status: 'Charging', currentTransaction: transactionId }],
      firmwareVersion: '1.2.3',
      model: 'Model-X1000',
    })
    expect(await client.call('StopTransaction', flows16.stop(transactionId))).toMatchObject({
      idTagInfo: { status: 'Accepted' },
    })
    expect(await client.call('StatusNotification', flows16.status('Available'))).toEqual({})

    const history = await central.json(`/api/transactions?chargePointId=${identity}`)
    expect(history).toMatchObject({
      totalCount: 1,
      transactions: [
        {
          transactionId,
          chargePointId: identity,
          connectorId: 1,
          idTag,
          startTime: '2025-12-26T12:00:00.000Z',
          stopTime: '2025-12-26T14:00:00.000Z',
          meterStart: 1000,
          meterStop: 15000,
          energyConsumed: 14,
          stopReason: 'Local',
        },
      ],
    })
    const samples = await central.json(`/api/transactions/${transactionId}/meter-values`)
    expect(samples).toMatchObject({
      totalCount: 2,
      meterValues: [
        { timestamp: '2025-12-26T12:15:00.000Z', energyWh: 5000, currentA: 16.5, voltageV: 230.5 },
        { timestamp: '2025-12-26T13:00:00.000Z', energyWh: 10000 },
      ],
    })

    const remote = central.api(`/api/chargepoints/${identity}/start-transaction`, { body: remoteStartBody })
    expect(await client.command('RemoteStartTransaction')).toEqual(remoteStartBody)
    if (!isPrinted) {
      const answer = await within('the remote start', remote)
      expect(answer.body).toEqual({
        status: 'Accepted',
        transactionId: expect.any(Number),
        message: 'Remote start request sent successfully',
      })
      const start = { ...flows16.start, timestamp: '2025-12-26T16:00:00Z' }
      expect(await client.call('StartTransaction', start)).toMatchObject({
        transactionId: answer.body['transactionId'],
      })
    }
    await client.stop()
    if (isPrinted) {
      // The printed client never answers a command; once it is gone, nobody waits any longer.
      expect((await within('the remote start', remote)).status).toBe(409)
    }
  })

  test('speaks OCPP 2.0.1 through the same flows', async () => {
    const { client, identity } = await connect('2.0.1')
    expect(await client.call('BootNotification', flows201.boot)).toEqual({
      status: 'Accepted',
      currentTime: time,
      interval: 300,
    })
    expect(await client.call('Authorize', flows201.authorize)).toEqual({
      idTokenInfo: {
        status: 'Accepted',
        cacheExpiryDateTime: '2035-12-31T23:59:59.000Z',
        groupIdToken: { idToken: 'PARENT001', type: 'Central' },
      },
    })
    expect(await client.call('StatusNotification', flows201.status('Occupied'))).toEqual({})
    const stationTransactionId = crypto.randomUUID()
    expect(await client.call('TransactionEvent', flows201.started(stationTransactionId))).toMatchObject({
      idTokenInfo: { status: 'Accepted' },
    })
    const { transactions } = await central.json(`/api/transactions?chargePointId=${identity}`)
    const [{ transactionId }] = transactions as [{ transactionId: number }]
    expect(await client.call('Heartbeat', {})).toEqual({ currentTime: time })
    expect(await client.call('TransactionEvent', flows201.updated(stationTransactionId))).toEqual({})
    expect(await central.json(`/api/chargepoints/${identity}/status`)).toMatchObject({
      status: 'Charging',
      connectors: [{ evseId: 1, connectorId: 1, status: 'Charging', currentTransaction: transactionId }],
      firmwareVersion: '1.2.3',
      model: 'Model-X1000',
    })
    expect(await client.call('TransactionEvent', flows201.ended(stationTransactionId))).toMatchObject({
      idTokenInfo: { status: 'Accepted' },
    })
    expect(await client.call('MeterValues', flows201.meterValues)).toEqual({})
    expect(await client.call('StatusNotification', flows201.status('Available'))).toEqual({})

    expect(await central.json(`/api/transactions?chargePointId=${identity}`)).toMatchObject({
      totalCount: 1,
      transactions: [
        {
          transactionId,
          connectorId: 1,
          idTag,
          startTime: '2025-12-26T12:00:00.000Z',
          stopTime: '2025-12-26T14:00:00.000Z',
          meterStart: 1000,
          meterStop: 15000,
          energyConsumed: 14,
          stopReason: 'Local',
        },
      ],
    })
    const samples = await central.json(`/api/transactions/${transactionId}/meter-values`)
    expect(samples).toMatchObject({
      totalCount: 3,
      meterValues: [
        { timestamp: '2025-12-26T12:00:00.000Z', energyWh: 1000 },
        { timestamp: '2025-12-26T12:15:00.000Z', energyWh: 5000, currentA: 16.5, voltageV: 230.5 },
        { timestamp: '2025-12-26T14:00:00.000Z', energyWh: 15000 },
      ],
    })

    const remote = central.api(`/api/chargepoints/${identity}/start-transaction`, { body: remoteStartBody })
    const request = await client.command('RequestStartTransaction')
    const { remoteStartId } = request
    expect(remoteStartId).toBeInteger()
    expect(request).toMatchObject({
      evseId: 1,
      idToken: { idToken: idTag },
      chargingProfile: {
        id: 1,
        stackLevel: 0,
        chargingProfilePurpose: 'TxDefaultProfile',
        chargingSchedule: [{ chargingRateUnit: 'W', chargingSchedulePeriod: [{ startPeriod: 0, limit: 32 }] }],
      },
    })
    if (!isPrinted) {
      const answer = await within('the remote start', remote)
      expect(answer.body).toEqual({
        status: 'Accepted',
        transactionId: expect.any(Number),
        message: 'Remote start request sent successfully',
      })
      await client.call('TransactionEvent', flows201.started(crypto.randomUUID(), { remoteStartId }))
      const { transactions: newest } = await central.json(`/api/transactions?chargePointId=${identity}`)
      expect(newest).toMatchObject([{ transactionId: answer.body['transactionId'] }, { transactionId }])
    }
    await client.stop()
    if (isPrinted) expect((await within('the remote start', remote)).status).toBe(409)
  })
})

test('the printed client shows what it prints: connected, and its boot accepted', async () => {
  await central.provision('CP001')
  const client = await PrintedClient.start({ origin: central.ocppUrl.replace('/ocpp', '') })
  await client.line('the client to be connected', (line) => line === 'Connected to OCPP Central System')
  await client.line('its boot to be answered', (line) => line.startsWith('CallResult:'))
  expect(client.lines.join('\n')).toContain("status: 'Accepted'")
  await client.stop()
})
