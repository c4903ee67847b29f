// The monitors of a simulated charge point of 2.x (2.0.1 Part 2, N): they watch variables, report what crosses their
// threshold and what is due, and in 2.1 send periodic event streams.

import type { OCPP20, OCPP21 } from 'typed-ocpp'
import { isoTime } from '../base/clock.ts'
import type { Station } from './station.ts'

type MonitoringData = OCPP21.SetVariableMonitoringRequest['setMonitoringData'][number]
type Stream = OCPP21.OpenPeriodicEventStreamRequest['constantStreamData']
type StreamParams = OCPP21.AdjustPeriodicEventStreamRequest['params']
type Trigger = OCPP20.NotifyEventRequest['eventData'][number]['trigger']

/** A severity that no event exceeds. */
const severityMax = 9
/** Between the messages of a stream that names no interval, in seconds. */
const streamSecondsDefault = 60

interface Monitor {
  readonly id: number
  readonly data: MonitoringData
  /** The value when it reported last; for Delta. */
  reported: string
  stream: Stream | null
  cancel: () => void
  cancelStream: () => void
}

const isPeriodic = (type: string): boolean => type === 'Periodic' || type === 'PeriodicClockAligned'

/** Whether a new value is one to report; `before` is the value before it. */
function crosses({ data: { type, value }, reported }: Monitor, before: string, after: string): boolean {
  if (before === after) return false
  const [was, is] = [Number(before), Number(after)]
  // A Delta on a value that is no number reports each change.
  if (Number.isNaN(is)) return type === 'Delta'
  if (type === 'UpperThreshold') return was <= value && is > value
  if (type === 'LowerThreshold') return was >= value && is < value
  if (type === 'TargetDeltaRelative') return Math.abs(is - Number(reported)) >= Math.abs((was * value) / 100)
  return !isPeriodic(type) && Math.abs(is - Number(reported)) >= value
}

/** All monitors of one charge point. */
export class Monitors {
  readonly #station: Station
  /** The value of a variable now; '' for none. */
  readonly #valueOf: (data: MonitoringData) => string
  readonly #monitors = new Map<number, Monitor>()
  #nextId = 1
  #nextEventId = 1
  #severity = severityMax

  constructor(station: Station, valueOf: (data: MonitoringData) => string) {
    this.#station = station
    this.#valueOf = valueOf
  }

  all(): readonly { readonly id: number; readonly data: MonitoringData }[] {
    return [...this.#monitors.values()]
  }

  has(id: number): boolean {
    return this.#monitors.has(id)
  }

  /** Sets a monitor, or replaces the one with its id. Returns its id. */
  set(data: MonitoringData): number {
    const id = data.id ?? this.#nextId++
    this.#nextId = Math.max(this.#nextId, id + 1)
    this.#forget(id)
    const none = (): void => {}
    const monitor: Monitor = {
      id,
      data,
      reported: this.#valueOf(data),
      stream: null,
      cancel: none,
      cancelStream: none,
    }
    this.#monitors.set(id, monitor)
    if (data.periodicEventStream !== undefined) this.#openStream(monitor, data.periodicEventStream)
    else if (isPeriodic(data.type)) this.#repeat(monitor)
    return id
  }

  /** False if there is no such monitor. */
  clear(id: number): boolean {
    if (!this.#monitors.has(id)) return false
    const stream = this.#forget(id)
    if (stream !== null) this.#station.send({ action: 'ClosePeriodicEventStream', payload: { id: stream.id } })
    return true
  }

  /** FactoryDefault and HardWiredOnly leave none, because it was delivered without monitors. */
  setBase(base: OCPP20.SetMonitoringBaseRequest['monitoringBase']): void {
    if (base !== 'All') for (const id of [...this.#monitors.keys()]) this.clear(id)
  }

  /** Events of a higher number are not reported. */
  setLevel(severity: number): void {
    this.#severity = severity
  }

  /** A variable has another value. */
  changed(component: string, variable: string, before: string, after: string): void {
    for (const monitor of this.#monitors.values()) {
      const { data } = monitor
      if (data.component.name !== component || data.variable.name !== variable) continue
      if (!crosses(monitor, before, after)) continue
      monitor.reported = after
      this.#report(monitor, data.type.includes('Threshold') ? 'Alerting' : 'Delta', after)
    }
  }

  streams(): readonly Stream[] {
    return [...this.#monitors.values()].flatMap(({ stream }) => (stream === null ? [] : [stream]))
  }

  /** False if there is no such stream. */
  adjustStream(id: number, params: StreamParams): boolean {
    const monitor = [...this.#monitors.values()].find(({ stream }) => stream?.id === id)
    if (monitor?.stream == null) return false
    monitor.stream = { ...monitor.stream, params: { ...monitor.stream.params, ...params } }
    monitor.cancelStream()
    this.#streamLater(monitor, monitor.stream)
    return true
  }

  #forget(id: number): Stream | null {
    const monitor = this.#monitors.get(id)
    monitor?.cancel()
    monitor?.cancelStream()
    this.#monitors.delete(id)
    return monitor?.stream ?? null
  }

  #repeat(monitor: Monitor): void {
    const everyMs = Math.max(1, monitor.data.value) * 1_000
    // Clock-aligned: at the multiples of the interval since midnight, which is a multiple since 1970, too.
    const isAligned = monitor.data.type === 'PeriodicClockAligned'
    const waitMs = isAligned ? everyMs - (this.#station.clock.nowMs() % everyMs) : everyMs
    monitor.cancel = this.#station.later(waitMs, () => {
      this.#report(monitor, 'Periodic', this.#valueOf(monitor.data))
      this.#repeat(monitor)
    })
  }

  #report({ id, data }: Monitor, trigger: Trigger, actualValue: string): void {
    if (data.severity > this.#severity) return
    const generatedAt = isoTime(this.#station.clock.nowMs())
    const payload: OCPP20.NotifyEventRequest = {
      generatedAt,
      seqNo: 0,
      eventData: [
        {
          eventId: this.#nextEventId++,
          timestamp: generatedAt,
          trigger,
          actualValue,
          eventNotificationType: 'CustomMonitor',
          variableMonitoringId: id,
          component: data.component,
          variable: data.variable,
        },
      ],
    }
    this.#station.send({ action: 'NotifyEvent', payload })
  }

  /** Opens a stream of a monitor, and sends it as soon as the central system has accepted it. */
  #openStream(monitor: Monitor, params: StreamParams): void {
    const stream = { id: monitor.id, variableMonitoringId: monitor.id, params }
    monitor.cancel = this.#station.later(0, () => {
      const payload: OCPP21.OpenPeriodicEventStreamRequest = { constantStreamData: stream }
      this.#station.ask({ action: 'OpenPeriodicEventStream', payload }, ({ status }) => {
        if (status !== 'Accepted' || this.#monitors.get(monitor.id) !== monitor) return
        monitor.stream = stream
        this.#streamLater(monitor, stream)
      })
    })
  }

  #streamLater(monitor: Monitor, stream: Stream): void {
    const { interval = streamSecondsDefault, values = 1 } = stream.params
    const everyMs = Math.max(1, interval) * 1_000
    monitor.cancelStream = this.#station.later(everyMs, () => {
      const beganMs = this.#station.clock.nowMs() - everyMs
      const data = Array.from({ length: Math.max(1, values) }, (_, index) => ({
        t: (everyMs / 1_000 / Math.max(1, values)) * (index + 1),
        v: this.#valueOf(monitor.data),
      }))
      const payload = { id: stream.id, pending: 0, basetime: isoTime(beganMs), data }
      this.#station.notify({ action: 'NotifyPeriodicEventStream', payload })
      this.#streamLater(monitor, stream)
    })
  }
}
