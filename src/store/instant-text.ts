// Instants as PostgreSQL reads them in a statement. Charge points send years from 1 to 9999; what is computed from them
// may be a little before or after.

const firstMs = Date.parse('0001-01-01T00:00:00Z')

/** An instant, in milliseconds since the Unix epoch, as text; one before the year 1 as the beginning of that year. */
export function instantText(ms: number): string {
  return new Date(Math.max(ms, firstMs)).toISOString().replace(/^\+0*/, '')
}
