// `bun bench`: what a node of Stator carries, and whether it loses anything.

import { loadUsage, UsageError } from './cli.ts'
import { loadCommand } from './load.ts'

async function main([command, ...args]: readonly string[]): Promise<number> {
  if (command === 'load') {
    if (args.includes('--help')) {
      console.log(loadUsage())
      return 0
    }
    return loadCommand(args)
  }
  throw new UsageError(`"${command ?? ''}" is no command of bun bench: expected load.`)
}

try {
  process.exit(await main(process.argv.slice(2)))
} catch (error) {
  console.error(error instanceof UsageError ? error.message : error)
  process.exit(2)
}
