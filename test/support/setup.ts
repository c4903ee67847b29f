// Loaded before every test file (bunfig.toml). Starting a database or a process takes longer than the five seconds that
// `bun test` allows by itself on a busy machine.

import { setDefaultTimeout } from 'bun:test'

setDefaultTimeout(60_000)
