// The controls of distributed energy resources that a simulated charge point of 2.1 has been given: it keeps them by
// id, reports them, and says when a scheduled one starts and ends. It has no inverter that obeys them.

import type { OCPP21 } from 'typed-ocpp'
import { isoTime } from '../base/clock.ts'
import type { Reply } from './connection.ts'
import type { Station } from './station.ts'

type Request = OCPP21.SetDERControlRequest
type Report = Omit<OCPP21.ReportDERControlRequest, 'requestId' | 'tbc'>

interface Control {
  readonly request: Request
  isSuperseded: boolean
  readonly cancels: (() => void)[]
}

/** The values of a control that all kinds may have. */
interface Timed {
  readonly priority: number
  readonly startTime?: string
  readonly duration?: number
}

/** What a control sets; undefined if the request lacks what its type needs. */
function settingOf({ controlType, ...request }: Request): Timed | undefined {
  switch (controlType) {
    case 'EnterService':
      return request.enterService
    case 'FreqDroop':
      return request.freqDroop
    case 'FixedPFAbsorb':
      return request.fixedPFAbsorb
    case 'FixedPFInject':
      return request.fixedPFInject
    case 'FixedVar':
      return request.fixedVar
    case 'Gradients':
      return request.gradient
    case 'LimitMaxDischarge':
      return request.limitMaxDischarge
    default:
      return request.curve
  }
}

/** A control as ReportDERControl has it. */
function reported({ request, isSuperseded }: Control): Report {
  const { controlId: id, isDefault, controlType, curve, enterService, freqDroop, fixedVar, gradient } = request
  const { fixedPFAbsorb, fixedPFInject, limitMaxDischarge } = request
  const state = { id, isDefault, isSuperseded }
  if (enterService !== undefined) return { enterService: [{ enterService, id }] }
  if (gradient !== undefined) return { gradient: [{ gradient, id }] }
  if (freqDroop !== undefined) return { freqDroop: [{ freqDroop, ...state }] }
  if (fixedPFAbsorb !== undefined) return { fixedPFAbsorb: [{ fixedPF: fixedPFAbsorb, ...state }] }
  if (fixedPFInject !== undefined) return { fixedPFInject: [{ fixedPF: fixedPFInject, ...state }] }
  if (fixedVar !== undefined) return { fixedVar: [{ fixedVar, ...state }] }
  if (limitMaxDischarge !== undefined) return { limitMaxDischarge: [{ limitMaxDischarge, ...state }] }
  return curve === undefined ? {} : { curve: [{ curve, curveType: controlType, ...state }] }
}

/** The controls of `station`, by action. */
export function derControls(station: Station) {
  const controls = new Map<string, Control>()

  function remove(id: string): void {
    for (const cancel of controls.get(id)?.cancels ?? []) cancel()
    controls.delete(id)
  }

  /** Plans the messages that say that it starts and ends. */
  function plan({ request, cancels }: Control, { startTime, duration }: Timed, supersededIds: readonly string[]): void {
    if (startTime === undefined) return
    const say = (started: boolean): void => {
      const payload: OCPP21.NotifyDERStartStopRequest = {
        controlId: request.controlId,
        started,
        timestamp: isoTime(station.clock.nowMs()),
        ...(supersededIds.length === 0 ? {} : { supersededIds: [...supersededIds] }),
      }
      station.send({ action: 'NotifyDERStartStop', payload })
    }
    const untilStartMs = Math.max(0, Date.parse(startTime) - station.clock.nowMs())
    cancels.push(station.later(untilStartMs, () => say(true)))
    if (duration !== undefined) cancels.push(station.later(untilStartMs + duration * 1_000, () => say(false)))
  }

  return {
    SetDERControl(request: Request): { answer: OCPP21.SetDERControlResponse } {
      const setting = settingOf(request)
      if (setting === undefined) {
        return { answer: { status: 'Rejected', statusInfo: { reasonCode: 'MissingParam' } } }
      }
      remove(request.controlId)
      const superseded = [...controls.values()].filter(
        (other) =>
          !other.isSuperseded &&
          other.request.controlType === request.controlType &&
          other.request.isDefault === request.isDefault &&
          // The lowest number has the highest priority.
          (settingOf(other.request)?.priority ?? 0) >= setting.priority,
      )
      for (const other of superseded) other.isSuperseded = true
      const control: Control = { request, isSuperseded: false, cancels: [] }
      controls.set(request.controlId, control)
      const ids = superseded.map((other) => other.request.controlId)
      plan(control, setting, ids)
      const [first, ...others] = ids
      return { answer: { status: 'Accepted', ...(first === undefined ? {} : { supersededIds: [first, ...others] }) } }
    },

    GetDERControl({ requestId, isDefault, controlType, controlId }: OCPP21.GetDERControlRequest): Reply & {
      answer: OCPP21.GetDERControlResponse
    } {
      const found = [...controls.values()].filter(
        ({ request }) =>
          (controlId === undefined || controlId === request.controlId) &&
          (controlType === undefined || controlType === request.controlType) &&
          (isDefault === undefined || isDefault === request.isDefault),
      )
      if (found.length === 0) return { answer: { status: 'NotFound' } }
      return {
        answer: { status: 'Accepted' },
        afterwards() {
          found.forEach((control, index) => {
            const payload = { requestId, tbc: index < found.length - 1, ...reported(control) }
            station.send({ action: 'ReportDERControl', payload })
          })
        },
      }
    },

    ClearDERControl({ isDefault, controlType, controlId }: OCPP21.ClearDERControlRequest): {
      answer: OCPP21.ClearDERControlResponse
    } {
      const found = [...controls].filter(
        ([id, { request }]) =>
          request.isDefault === isDefault &&
          (controlId === undefined || controlId === id) &&
          (controlType === undefined || controlType === request.controlType),
      )
      for (const [id] of found) remove(id)
      return { answer: { status: found.length === 0 ? 'NotFound' : 'Accepted' } }
    },
  }
}
