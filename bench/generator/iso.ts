// Times as text. A generator writes one into nearly every message, and `Date` costs half a microsecond for each.

const dayMs = 86_400_000
const two = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'))
const three = Array.from({ length: 1_000 }, (_, number) => String(number).padStart(3, '0'))

let lastDay = Number.NaN
let lastDayText = ''

/** As `new Date(ms).toISOString()`, for whole milliseconds since 1970. */
export function isoTime(ms: number): string {
  const day = Math.floor(ms / dayMs)
  if (day !== lastDay) {
    lastDay = day
    lastDayText = new Date(ms).toISOString().slice(0, 11)
  }
  const inDay = ms - day * dayMs
  const seconds = Math.floor(inDay / 1_000)
  const minutes = Math.floor(seconds / 60)
  const clock = `${two[Math.floor(minutes / 60)]}:${two[minutes % 60]}:${two[seconds % 60]}`
  return `${lastDayText}${clock}.${three[inDay % 1_000]}Z`
}
