// How a meter value is recognised that tells the register of the begin of its transaction again.

const register = 'energy.active.import.register'

/** A word as it was sent, in lower case and without spaces. */
const word = (sent: string) => `lower(regexp_replace(${sent}, '\\s', '', 'g'))`

/**
 * SQL: whether the register of the meter value `r` is the one of the begin of its transaction: it is told in no other context. Charge
 * points tell it again with later meter values, and then it is not the last register.
 */
export const isOfBegin = `(r.meter_value::text ~* 'transaction\\s*\\.\\s*begin' AND NOT EXISTS (
    SELECT FROM json_array_elements(CASE json_typeof(r.meter_value -> 'sampledValue') WHEN 'array' THEN r.meter_value -> 'sampledValue'
      ELSE '[]' END) s
    WHERE ${word(`COALESCE(s ->> 'measurand', '${register}')`)} = '${register}'
      AND ${word(`COALESCE(s ->> 'context', '')`)} <> 'transaction.begin'
      AND ${word(`COALESCE(s ->> 'location', 'outlet')`)} = 'outlet'))`
