// The progress bar of `bun bench`: one line that is drawn again on a terminal, a line per step elsewhere.

const barCharacters = 24

export class Progress {
  readonly #totalSeconds: number
  readonly #isTerminal = process.stderr.isTTY === true
  #doneSeconds = 0
  #stepSeconds = 0
  #stepName = ''
  #stepStartedMs = 0
  #note = ''
  #timer: Timer | null = null

  constructor(totalSeconds: number) {
    this.#totalSeconds = totalSeconds
    if (this.#isTerminal) this.#timer = setInterval(() => this.#draw(), 200)
  }

  /** Begins a step that takes about this many seconds, and ends the one before it. */
  step(name: string, seconds: number): void {
    this.#doneSeconds += this.#stepSeconds
    this.#stepSeconds = seconds
    this.#stepName = name
    this.#stepStartedMs = performance.now()
    this.#note = ''
    if (this.#isTerminal) this.#draw()
    else process.stderr.write(`${name}\n`)
  }

  /** Something about the step, such as its rate right now. */
  note(text: string): void {
    this.#note = text
  }

  end(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    if (this.#isTerminal) process.stderr.write('\r\u001b[K')
  }

  #draw(): void {
    const elapsed = Math.min(this.#stepSeconds, (performance.now() - this.#stepStartedMs) / 1_000)
    const share = Math.min(1, (this.#doneSeconds + elapsed) / this.#totalSeconds)
    const full = Math.round(share * barCharacters)
    const bar = '█'.repeat(full) + '░'.repeat(barCharacters - full)
    const line = `${bar} ${String(Math.round(share * 100)).padStart(3)} %  ${this.#stepName}  ${this.#note}`
    process.stderr.write(`\r\u001b[K${line.slice(0, (process.stderr.columns ?? 100) - 1)}`)
  }
}
