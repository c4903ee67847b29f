// The words of a meter value in which OCPP repeats itself, each with the control characters that stand for it in the
// column `packed` of `meter_values` (workers/meter-packer.ts). PostgreSQL knows the same words, in `meter_value_of`:
// a word that is added here gets a migration that makes the function again, and a code is never given to another word.
//
// Only words of the specification are here, so that a packed text holds nothing but them, numbers and times.

/** Members whose name and value are one word, in the order of the specification. */
const member = (name: string, values: string): readonly string[] =>
  values.split(' ').map((value) => `,"${name}":"${value}"`)

/** Words with a code of one character, from U+0001: what most charge points send. */
const frequent: readonly string[] = [
  ...[',"timestamp":"', ',"sampledValue":[', ',"value":"', ',"value":', ',"unitOfMeasure":{', '},{'],
  ...member('context', 'Sample.Periodic Sample.Clock Transaction.Begin Transaction.End'),
  ...member('format', 'Raw'),
  ...member('measurand', 'Energy.Active.Import.Register Power.Active.Import Current.Import Voltage SoC'),
  ...member('phase', 'L1 L2 L3 L1-N L2-N L3-N'),
  ...member('location', 'Outlet EV'),
  ...member('unit', 'Wh kWh W kW A V'),
]

/** Words with a code of two: U+001F, then one of `secondCharacters`. */
const seldom: readonly string[] = [
  ...member('context', 'Interruption.Begin Interruption.End Trigger Other'),
  ...member('measurand', 'Current.Export Current.Offered Energy.Active.Export.Register Energy.Active.Export.Interval'),
  ...member('measurand', 'Energy.Active.Import.Interval Energy.Active.Net Energy.Apparent.Export'),
  ...member('measurand', 'Energy.Apparent.Import Energy.Apparent.Net Energy.Reactive.Export.Register'),
  ...member('measurand', 'Energy.Reactive.Import.Register Energy.Reactive.Export.Interval'),
  ...member('measurand', 'Energy.Reactive.Import.Interval Energy.Reactive.Net Frequency Power.Active.Export'),
  ...member('measurand', 'Power.Factor Power.Offered Power.Reactive.Export Power.Reactive.Import RPM Temperature'),
  ...member('phase', 'N L1-L2 L2-L3 L3-L1'),
  ...member('location', 'Body Cable Inlet'),
  ...member('unit', 'varh kvarh VA kVA var kvar K Celcius Celsius Fahrenheit Percent Hz'),
  ',"multiplier":',
]

const secondCharacters = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const escapeCode = '\x1f'

/** A word and its code. */
export interface MeterWord {
  readonly word: string
  readonly code: string
}

/** Those with a code of one character. */
export const frequentWords: readonly MeterWord[] = frequent.map((word, at) => ({
  word,
  code: String.fromCharCode(at + 1),
}))

/** Those with a code of two. */
export const seldomWords: readonly MeterWord[] = seldom.map((word, at) => ({
  word,
  code: `${escapeCode}${secondCharacters.charAt(at)}`,
}))

const codes: ReadonlyMap<string, string> = new Map(
  [...frequentWords, ...seldomWords].map(({ word, code }) => [word, code]),
)

/** The code of a word; undefined if it is none. */
export function codeOf(word: string): string | undefined {
  return codes.get(word)
}
