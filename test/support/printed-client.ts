// The Node.js client that the API documentation prints, as it is printed, in a process of its own: Node when there is one,
// else Bun. A few lines after it let a test call its `sendOCPPMessage`.

import { join } from 'node:path'
import { until } from './until.ts'

const fixtures = join(import.meta.dir, '..', 'fixtures')

// What the test writes, a line each, goes to the printed function; its answer is looked up in what the client logs.
const driver = `
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const [action, payload] = JSON.parse(line)
  console.log('SENT ' + action + ' ' + sendOCPPMessage(action, payload))
})
ws.on('message', (data) => console.log('FRAME ' + data))
`

type Payload = Readonly<Record<string, unknown>>

export interface PrintedClientOptions {
  /** `ws://host:port`, put where the client says `ws://localhost:8080`. */
  readonly origin: string
  /** Put where the client says `ocpp1.6`. */
  readonly subprotocol?: string
  /** Put where the client says `CP001`. */
  readonly identity?: string
}

/** The printed client, running. */
export class PrintedClient {
  readonly #process: Bun.Subprocess<'pipe', 'pipe', 'pipe'>
  readonly lines: string[] = []

  private constructor(process: Bun.Subprocess<'pipe', 'pipe', 'pipe'>) {
    this.#process = process
    void this.#read(process.stdout)
    void this.#read(process.stderr)
  }

  static async start(options: PrintedClientOptions): Promise<PrintedClient> {
    const printed = await Bun.file(join(fixtures, 'seed-client.cjs.txt')).text()
    const source = printed
      .replaceAll('ws://localhost:8080', options.origin)
      .replaceAll('ocpp1.6', options.subprotocol ?? 'ocpp1.6')
      .replaceAll('/ocpp/CP001', `/ocpp/${options.identity ?? 'CP001'}`)
    return new PrintedClient(
      Bun.spawn([Bun.which('node') ?? process.execPath, '-e', source + driver], {
        cwd: join(fixtures, '..', '..'),
        env: { ...process.env, NODE_PATH: join(fixtures, 'seed-client-modules') },
        stdin: 'pipe',
        stdout: 'pipe',
        stderr: 'pipe',
      }),
    )
  }

  /** A line that the client printed and that `holds`. */
  line(what: string, holds: (line: string) => boolean): Promise<string> {
    return until(what, () => this.lines.find(holds))
  }

  /** Sends through the printed `sendOCPPMessage` and returns the frame that came back. */
  async send(action: string, payload: object): Promise<readonly unknown[]> {
    const sentBefore = this.lines.length
    this.#process.stdin.write(`${JSON.stringify([action, payload])}\n`)
    await this.#process.stdin.flush()
    const prefix = `SENT ${action} `
    const sent = await until(`the client to send ${action}`, () =>
      this.lines.slice(sentBefore).find((line) => line.startsWith(prefix)),
    )
    const messageId = sent.slice(prefix.length)
    const frame = await this.line(
      `the answer to ${action}`,
      (line) => line.startsWith('FRAME ') && line.includes(`"${messageId}"`),
    )
    return JSON.parse(frame.slice('FRAME '.length))
  }

  /** Sends a CALL and returns the payload of its CALLRESULT. */
  async call(action: string, payload: object): Promise<Payload> {
    const frame = await this.send(action, payload)
    if (frame[0] !== 3) throw new Error(`${action} was answered with ${JSON.stringify(frame)}`)
    return frame[2] as Payload
  }

  /** The next CALL of the central system that the client logged. */
  async command(action: string): Promise<Payload> {
    const line = await this.line(`a ${action} of the central system`, (each) => {
      return each.startsWith('FRAME [2,') && each.includes(`"${action}"`)
    })
    return JSON.parse(line.slice('FRAME '.length))[3]
  }

  async stop(): Promise<void> {
    this.#process.kill()
    await this.#process.exited
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder()
    let rest = ''
    for await (const chunk of stream) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = parts.pop() ?? ''
      this.lines.push(...parts)
    }
  }
}
