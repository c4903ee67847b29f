// Charts as inline SVG: lines over an axis, and bars made of parts.

export interface Series {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

export interface Bar {
  readonly name: string
  readonly parts: readonly { readonly name: string; readonly value: number }[]
}

const width = 720
const height = 260
const margin = { left: 64, right: 16, top: 12, bottom: 40 }
/** Colours that can be distinguished with most kinds of colour vision, on a light and a dark background. */
export const colours = ['#2f7ed8', '#e8703a', '#2ca58d', '#b65fcf', '#c9a227', '#7a8794']

export function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;')
}

/** A number short enough for an axis. */
export function short(value: number): string {
  if (Math.abs(value) >= 10_000) return `${Math.round(value / 1_000)}k`
  if (Math.abs(value) >= 100) return Math.round(value).toString()
  return Number(value.toPrecision(3)).toString()
}

/** Steps of 1, 2 or 5 times a power of ten that reach from 0 to `max`. */
export function ticks(max: number, count = 5): number[] {
  if (!(max > 0) || !Number.isFinite(max)) return [0, 1]
  const rough = max / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? rough
  return Array.from({ length: Math.ceil(max / step - 1e-9) + 1 }, (_, index) => index * step)
}

/** Lines over a common axis that begins at 0; empty series are left out. */
export function lineChart(series: readonly Series[], axes: { readonly x: string; readonly y: string }): string {
  const drawn = series.filter(({ points }) => points.length > 0)
  const all = drawn.flatMap(({ points }) => points)
  const xTicks = ticks(Math.max(...all.map(([x]) => x)))
  const yTicks = ticks(Math.max(...all.map(([, y]) => y)))
  const x = scale(xTicks, margin.left, width - margin.right)
  const y = scale(yTicks, height - margin.bottom, margin.top)
  const lines = drawn.map(({ points }, index) => {
    const path = points.map(([px, py]) => `${x(px).toFixed(1)},${y(py).toFixed(1)}`).join(' ')
    return `<polyline points="${path}" fill="none" stroke="${colour(index)}" stroke-width="2"/>`
  })
  const marks = xTicks.map(
    (tick) => `<text x="${x(tick)}" y="${height - margin.bottom + 16}" text-anchor="middle">${short(tick)}</text>`,
  )
  return (
    frame([...grid(yTicks, y, axes.y), ...marks, caption(axes.x), ...lines]) + legend(drawn.map(({ name }) => name))
  )
}

/** Upright bars, each a stack of parts; a part has the same colour in every bar. */
export function barChart(bars: readonly Bar[], unit: string): string {
  const names = [...new Set(bars.flatMap(({ parts }) => parts.map(({ name }) => name)))]
  const totals = bars.map(({ parts }) => parts.reduce((sum, { value }) => sum + value, 0))
  const yTicks = ticks(Math.max(...totals))
  const y = scale(yTicks, height - margin.bottom, margin.top)
  const slot = (width - margin.left - margin.right) / Math.max(1, bars.length)
  const drawn = bars.flatMap(({ name, parts }, index) => {
    const left = margin.left + slot * index + slot * 0.15
    const middle = margin.left + slot * (index + 0.5)
    let sum = 0
    const boxes = parts.map((part) => {
      const bottom = y(sum)
      sum += part.value
      const tip = `<title>${escaped(`${part.name}: ${short(part.value)} ${unit}`)}</title>`
      const box = `x="${left.toFixed(1)}" y="${y(sum).toFixed(1)}" width="${(slot * 0.7).toFixed(1)}" height="${(bottom - y(sum)).toFixed(1)}"`
      return `<rect ${box} fill="${colour(names.indexOf(part.name))}">${tip}</rect>`
    })
    const label = `<text x="${middle}" y="${height - margin.bottom + 16}" text-anchor="middle">${escaped(name)}</text>`
    const total = `<text x="${middle}" y="${(y(sum) - 4).toFixed(1)}" text-anchor="middle">${short(sum)}</text>`
    return [...boxes, label, total]
  })
  return frame([...grid(yTicks, y, unit), ...drawn]) + (names.length > 1 ? legend(names) : '')
}

function colour(index: number): string {
  return colours[index % colours.length] ?? 'currentColor'
}

function scale(steps: readonly number[], from: number, to: number): (value: number) => number {
  const max = steps.at(-1) ?? 1
  return (value) => from + (value / max) * (to - from)
}

function grid(steps: readonly number[], y: (value: number) => number, label: string): string[] {
  return [
    ...steps.flatMap((tick) => [
      `<line x1="${margin.left}" x2="${width - margin.right}" y1="${y(tick)}" y2="${y(tick)}" class="grid"/>`,
      `<text x="${margin.left - 8}" y="${y(tick) + 4}" text-anchor="end">${short(tick)}</text>`,
    ]),
    `<text transform="translate(14 ${height / 2}) rotate(-90)" text-anchor="middle">${escaped(label)}</text>`,
  ]
}

function caption(label: string): string {
  return `<text x="${width / 2}" y="${height - 6}" text-anchor="middle">${escaped(label)}</text>`
}

function frame(parts: readonly string[]): string {
  return `<svg viewBox="0 0 ${width} ${height}" role="img">${parts.join('')}</svg>`
}

function legend(names: readonly string[]): string {
  const items = names.map((name, index) => `<li><i style="background:${colour(index)}"></i>${escaped(name)}</li>`)
  return `<ul class="legend">${items.join('')}</ul>`
}
