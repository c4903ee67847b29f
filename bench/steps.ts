// Where the main thread of Stator spends its time, step by step from the socket to the answer. Run a load with
// `--profile FOLDER`, then `bun bench/steps.ts FOLDER/….cpuprofile`. Each sample counts for the innermost step that it
// was taken in.

import { readFileSync } from 'node:fs'

/** The parts of a .cpuprofile that are read here (the format of the Chrome DevTools protocol, `Profiler.Profile`). */
interface Profile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: { readonly functionName: string; readonly url: string }
    readonly children?: readonly number[]
  }[]
  /** Ids of nodes; `timeDeltas` has the microseconds before each. */
  readonly samples: readonly number[]
  readonly timeDeltas: readonly number[]
}

/** Innermost first if one contains another. `file` is how the path ends, `call` the name of the function. */
const steps: readonly { readonly step: string; readonly file?: RegExp; readonly call?: RegExp }[] = [
  { step: 'send: the socket, most of it in the kernel', call: /^sendText$/ },
  { step: 'answer: encode the CALLRESULT', call: /^encodeCallResult$/ },
  { step: 'examine: JSON.parse and the frame around it', file: /ocpp\/frame\.ts$/, call: /^parseFrame$/ },
  { step: 'examine: the schema', file: /ocpp\/schema\.ts$/ },
  { step: 'examine: meter values into columns', file: /workers\/meter-columns\.ts$/ },
  { step: 'examine: the rest', file: /(src\/examine\/.*|workers\/examine-batch)\.ts$/ },
  {
    step: 'decide: look-ups at hand, handler, change set',
    file: /station\/(serve|message-context|change-set|anomalies)\.ts$/,
    call: /^(serve|takeVerdict|gate|prepare|lookUp|decide|commit|changeSetOf|anomaliesOf)$/,
  },
  {
    step: 'commit: rows and columns of the group',
    file: /store\/(commit-group|change-rows|statements|wire\/(meter-insert|binary-array|columns))\.ts$/,
  },
  {
    step: 'commit: the driver (pg) and its socket',
    file: /(pg|pg-pool|pg-protocol)\/(lib|dist)\/|pg-pool\/index\.js|(lib|dist)\/(client|query|connection|result|parser|serializer|buffer-writer|buffer-reader|messages)\.js$/,
  },
  {
    step: 'commit: the driver (pg) and its socket',
    file: /^(internal:streams|node:net|node:events)|store\/wire\/(batch|bind-messages)\.ts$/,
  },
  { step: 'commit: the queue of the writer', file: /store\/writer\.ts$/ },
  { step: 'actors: starts and stops of transactions', file: /xstate|actors\// },
  { step: 'conclude: actor, answer, next frame of the charge point', file: /station\/serve\.ts$/ },
  { step: 'receive: inbox and batch', file: /(gateway\/server|station\/(station|connection|dispatcher))\.ts$/ },
  { step: 'look-ups and everything else of the store', file: /src\/store\// },
]
const other = 'everything else'

function main(): void {
  const [file, skipped = '0'] = process.argv.slice(2)
  if (file === undefined) {
    console.error('Usage: bun bench/steps.ts FILE.cpuprofile [SECONDS to skip at its beginning]')
    process.exit(2)
  }
  const profile = JSON.parse(readFileSync(file, 'utf8')) as Profile
  const shares = sharesOf(profile, Number(skipped) * 1e6)
  for (const [step, share] of shares) console.log(`${(share * 100).toFixed(1).padStart(5)} %  ${step}`)
}

/**
 * Share of each step in the samples, largest first: they are taken while the thread is busy, however long it slept
 * before.
 */
function sharesOf(
  { nodes, samples, timeDeltas }: Profile,
  skippedMicroseconds: number,
): [step: string, share: number][] {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id] as const)))
  const sums = new Map<string, number>()
  let at = 0
  let total = 0
  for (const [i, sample] of samples.entries()) {
    at += timeDeltas[i] ?? 0
    if (at < skippedMicroseconds) continue
    const step = stepOf(sample)
    sums.set(step, (sums.get(step) ?? 0) + 1)
    total++
  }
  return [...sums].map(([step, sum]): [string, number] => [step, sum / total]).toSorted((a, b) => b[1] - a[1])

  function stepOf(sample: number): string {
    for (let id: number | undefined = sample; id !== undefined; id = parents.get(id)) {
      const frame = byId.get(id)?.callFrame
      if (frame === undefined) break
      const { functionName, url } = frame
      const found = steps.find(({ file, call }) => (file?.test(url) ?? true) && (call?.test(functionName) ?? true))
      if (found !== undefined) return found.step
    }
    return other
  }
}

main()
