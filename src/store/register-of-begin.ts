// Recognises a meter value that repeats the register of the begin of its transaction.

import { codeOf } from '../ocpp/meter-words.ts'

const register = 'energy.active.import.register'
const beginCode = codeOf(',"context":"Transaction.Begin"')?.charCodeAt(0) ?? 0

/** A word as it was sent, in lower case and without spaces. */
const word = (sent: string) => `lower(regexp_replace(${sent}, '\\s', '', 'g'))`

/**
 * The meter value `r` for PostgreSQL's functions on JSON, which fail on some escapes that JSON allows: `\u0000`, and
 * half of a surrogate pair. A charge point may send them anywhere. No word that is compared here contains one. An even
 * number of backslashes before the `u` makes it a letter.
 */
const readable = String.raw`regexp_replace(meter_value_of(r.meter_value, r.packed)::text, '(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})', '\1?', 'gi')::json`
const samples = `${readable} -> 'sampledValue'`

// Of a packed text, one character is looked for: most have no such context, and are not unpacked.
const namesBegin = String.raw`CASE WHEN r.packed IS NULL THEN r.meter_value::text ~* 'transaction\s*\.\s*begin'
    ELSE strpos(r.packed, chr(${beginCode})) > 0 END`

/**
 * SQL: whether the register of the meter value `r` is the one of the begin of its transaction: it is reported in no
 * other context. Charge points repeat it in later meter values, where it is not the last register.
 */
export const isOfBegin = `(${namesBegin} AND NOT EXISTS (
    SELECT FROM json_array_elements(CASE json_typeof(${samples}) WHEN 'array' THEN ${samples} ELSE '[]' END) s
    WHERE ${word(`COALESCE(s ->> 'measurand', '${register}')`)} = '${register}'
      AND ${word(`COALESCE(s ->> 'context', '')`)} <> 'transaction.begin'
      AND ${word(`COALESCE(s ->> 'location', 'outlet')`)} = 'outlet'))`
