// The commands that only the database is needed for: `migrate`, `count` and `audit verify`.

import { auditCommand } from './audit/command.ts'
import { countCommand } from './counts/command.ts'
import { moveCommand } from './move/command.ts'

/** The process that runs the command: its environment, and the exit code that is set where the command says no. */
type Runner = Pick<NodeJS.Process, 'env' | 'exitCode'>

/** Runs the command that `argv` begins with. False: it is none of them. */
export async function storeCommand(
  [command, ...args]: readonly string[],
  runner: Runner,
  print: (line: string) => void,
): Promise<boolean> {
  if (command === 'migrate') await moveCommand(args, runner.env, print)
  else if (command === 'count') await countCommand(args, runner.env, print)
  else if (command !== 'audit') return false
  else if (!(await auditCommand(args, runner.env, print))) runner.exitCode = 1
  return true
}
