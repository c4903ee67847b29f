// The function `meter_value_of` of PostgreSQL, made of the words that workers/meter-packer.ts packs. After a word was
// added, `bun test/support/meter-value-function.ts` prints it for the next migration.

import { frequentWords, type MeterWord, seldomWords } from '../../src/ocpp/meter-words.ts'

const escaped = (code: string): string =>
  [...code]
    .map((character) =>
      character < ' ' ? String.raw`\x${character.charCodeAt(0).toString(16).padStart(2, '0')}` : character,
    )
    .join('')

function replaced(text: string, words: readonly MeterWord[]): string {
  return words.reduce((inner, { word, code }) => `replace(${inner}, E'${escaped(code)}',\n    '${word}')`, text)
}

const seldom = `CASE WHEN strpos(packed, E'\\x1f') = 0 THEN packed ELSE\n    ${replaced('packed', seldomWords)} END`

/** The statement that makes it. */
export const meterValueFunction = `CREATE OR REPLACE FUNCTION meter_value_of(meter_value json, packed text) RETURNS json
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  IF packed IS NULL THEN RETURN meter_value; END IF;
  RETURN replace('{' ||
    ${replaced(seldom, frequentWords)}, '{,', '{')::json;
END
$$;`

if (import.meta.main) console.log(meterValueFunction)
