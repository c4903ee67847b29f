// Quirks: malformations that the lenient mode repairs or accepts, a code and a sentence each. The repairs are in
// `src/examine/`: repair.ts (payloads) and repair-text.ts (JSON).

export const quirkTable = {
  // The frame.
  brokenJson: 'The frame was not JSON; what was obviously meant was read.',
  messageIdNotText: 'The message id was a number; its digits were taken as the id.',
  messageIdTooLong: 'The message id was longer than 36 characters; it was kept.',
  payloadLeftOut: 'The frame had no payload; an empty one was assumed.',
  extraElement: 'The frame had more elements than a CALL has; they were ignored.',

  // Fields and their number.
  extraField: 'A field that the message does not have was left out.',
  fieldRenamed: 'The values of a sample came under `values` and were read as `value`.',
  nullField: 'An optional field was null and was left out.',
  unreadableField: 'An optional field could not be read and was left out.',
  missingField: 'A required field was missing, null or unreadable; its default was used.',
  emptyArray: 'A list that needs elements had none; it was kept empty.',
  wrongItemCount:
    'A list had too few or too many elements; it was kept, but elements beyond twice the allowed number were left out.',
  objectForArray: 'A single value was sent where a list is required; it was put into a list.',
  arrayForObject: 'A list with one object was sent where an object is required; that object was used.',
  itemDropped: 'An element of a list could not be read and was left out.',

  // Values.
  valueForText: 'A number, a boolean or an object was sent where text is required; it was converted to text.',
  textForValue: 'A number or a boolean was sent as text; it was converted.',
  fractionForInteger: 'A fraction was sent where a whole number is required; it was rounded.',
  numberOutOfRange: 'A number was outside its range; it was kept, or brought into 32 bits where it cannot be kept.',
  textTooLong: 'A text was longer than allowed; it was kept.',
  enumCase: 'A word was written in other letter case; the spelling of the specification was used.',
  straySpace: 'A word or a number had spaces inside; it was read without them.',
  decimalComma: 'A number had a decimal comma, or marks between thousands; it was read.',
  numberAmbiguous:
    'A comma before three digits of an energy register may be a decimal comma or part thousands; the number was not read.',
  unknownWord: 'A word was none of those allowed; it was kept.',
  formatNotMet: 'A text was not in the format asked for; it was kept.',

  // Time.
  timeWithoutZone: 'A time had no zone; it was taken in the time zone of its charge point, or as UTC.',
  timeFormat: 'A time was written in another format; it was rewritten.',
  timeUnreadable: 'A time could not be read; the time of arrival was used.',
  clockOff: 'A time was before 2010 or more than ten years ahead; the time of arrival was used.',
} as const satisfies Record<string, string>

/** What quirk profiles do about commands: they are counted like quirks. */
export const commandQuirkTable = {
  bootAsked: 'No boot came on a new connection; the charge point was asked for one.',
  statusAsked: 'No boot came on a new connection; the charge point was asked for its status.',
  readBack: 'A setting was read again after the charge point had accepted its change.',
  allKeysAsked: 'The charge point was asked for all configuration keys instead of a list.',
  keysRefused: 'A command with a list of configuration keys was refused.',
  availabilityRefused: 'A change of the availability was refused.',
} as const satisfies Record<string, string>

/** A code of `commandQuirkTable`. */
export type CommandQuirkCode = keyof typeof commandQuirkTable

/** A code of `quirkTable`. */
export type QuirkCode = keyof typeof quirkTable
