// How PostgreSQL plans what the writer runs. Without sequential scans, hash joins and merge joins the writer takes 0.88
// times the CPU of PostgreSQL in the first seconds of a database (docs/decisions.md, "The writer's query plans do not
// depend on table sizes"). With one plan for all executions a statement that has one row takes 0.15 ms instead of 0.48
// ms (bench/measurements.md, "Detecting stale decisions").

import type { BoundStatement } from './bind-messages.ts'

const switchOff = (settings: string, isOnce = false): string =>
  `SELECT set_config(name, 'off', ${isOnce}) FROM unnest('{${settings}}'::text[]) AS name`

const scansOfMany = 'enable_seqscan,enable_hashjoin,enable_mergejoin,enable_bitmapscan'

// The writer finds every row by its key. Plans are kept for some seconds, and a plan from when a table was small would
// read all of it for each group once it is larger. Lists that share the connection of the embedded database read by an
// index, too, or read the whole table: it has no statistics, and without them PostgreSQL expects few rows in a list,
// and would fetch and sort them all by a bitmap, although an index has the page in order.
export const rowsAreFoundByKey = switchOff(scansOfMany)

// The same until the end of the transaction, for batches: a table may have been empty when it was last analyzed.
export const rowsAreFoundByKeyOnce = switchOff(scansOfMany, true)

// The plan of a statement of the writer is the same however many rows it is given. PostgreSQL would make a new one for
// each small group, which takes longer than to find its rows.
export const plansAreKept = 'SET plan_cache_mode = force_generic_plan'

/** Every statement is planned again when it runs next, for the size that its tables have by then. */
export const discardPlans: BoundStatement = { name: 'stator_discard_plans', text: 'DISCARD PLANS', values: [] }

/**
 * SQL of a parameter whose value the planner does not see. A plan for the values at hand then promises nothing, and
 * PostgreSQL keeps the one that it has: to plan a look-up in a table of many partitions takes longer than the look-up.
 */
export const unseen = (parameter: string): string => `(SELECT ${parameter})`
