// Rows from parallel arrays. In the select list PostgreSQL unnests the arrays row by row, while `FROM unnest($1, $2)`
// copies each of them first: 0.91 times the CPU of PostgreSQL a row (bench/measurements.md, "Inserting meter values").

/** SQL: the rows of the arrays `$1`, `$2`, … as a table `v` of these columns. */
export function rowsOf(columns: readonly { readonly name: string; readonly type: string }[]): string {
  return `(SELECT ${columns.map(({ name, type }, i) => `unnest($${i + 1}::${type}[]) AS "${name}"`).join(', ')}) AS v`
}
