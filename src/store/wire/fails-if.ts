// A condition that fails its statement. It costs 4 to 6 µs for each update in groups of 50, while a statement that
// checks first would take a round trip or 20 µs for each group, and its result may change before the next statement
// (bench/measurements.md, "Detecting stale decisions").

/**
 * SQL of a condition that is true, or fails the statement if `condition` is: PostgreSQL has no other way to fail one.
 * `condition` has to contain what joins its rows, because PostgreSQL chooses the order in which conditions are
 * evaluated.
 */
export function failsIf(condition: string): string {
  return `1 / (CASE WHEN ${condition} THEN 0 ELSE 1 END) = 1`
}
