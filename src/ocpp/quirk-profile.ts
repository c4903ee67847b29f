// Quirk profiles: what charge points of a vendor, model and firmware need, as data that can be shared as files. A
// profile says how strictly their messages are met, which repairs are switched off, and how commands are changed for
// them.

import type { QuirkCode } from './quirks.ts'
import type { Strictness } from './verdict.ts'

/** What is done about commands; all of it is off unless a profile says so. */
export interface CommandQuirks {
  /** Ask for a BootNotification when none has come on a new connection. This sends a CALL that nobody asked for. */
  readonly askForBoot?: boolean | undefined
  /** Ask for a StatusNotification at the same moment. This sends a CALL that nobody asked for. */
  readonly askForStatus?: boolean | undefined
  /** Read a setting again after its change was accepted. This sends a CALL that nobody asked for. */
  readonly readBack?: boolean | undefined
  /** What becomes of GetConfiguration with a list of keys: all keys are asked for instead, or it is refused. */
  readonly configurationKeys?: (typeof configurationKeysWords)[number] | undefined
  /** What becomes of ChangeAvailability. */
  readonly changeAvailability?: (typeof changeAvailabilityWords)[number] | undefined
}

export const configurationKeysWords = ['asAsked', 'askForAll', 'refuse'] as const
export const changeAvailabilityWords = ['send', 'refuse'] as const

/** The switches that send CALLs which nobody asked for. A profile that comes with Stator has none of them on. */
export const sendingSwitches = ['askForBoot', 'askForStatus', 'readBack'] as const satisfies (keyof CommandQuirks)[]

/** What a charge point says at its boot. In a pattern `*` stands for any text; letter case does not count. */
export interface BootPattern {
  readonly vendor?: string | undefined
  readonly model?: string | undefined
  readonly firmware?: string | undefined
}

export interface QuirkProfile {
  readonly name: string
  readonly description?: string | undefined
  /** It applies if one of these does; none: only where an operator has chosen it. */
  readonly appliesTo?: readonly BootPattern[] | undefined
  /** Instead of the strictness of the charge point. */
  readonly strictness?: Strictness | undefined
  /** Repairs of the lenient mode that are switched off (false). */
  readonly repairs?: Readonly<Partial<Record<QuirkCode, boolean | undefined>>> | undefined
  readonly commands?: CommandQuirks | undefined
}

/** What decides which profile applies to a charge point: its last boot, and the choice of an operator. */
export interface Profiled {
  readonly strictness: Strictness
  readonly vendor: string | null
  readonly model: string | null
  readonly firmwareVersion: string | null
  /** Name of the profile that an operator has chosen, or `noProfile`; null: its boot decides. */
  readonly quirkProfile: string | null
}

/** The choice of an operator that no profile applies. */
export const noProfile = 'none'

/** How one charge point is treated. */
export interface Treatment {
  /** Name of the profile; '' for none. */
  readonly profile: string
  readonly strictness: Strictness
  /** Codes of repairs that are switched off; undefined: none. */
  readonly repairsOff: readonly QuirkCode[] | undefined
  readonly commands: CommandQuirks
}

/** The profiles, and the count of what they and the lenient mode are used for. */
export interface Quirks {
  readonly profiles: QuirkProfiles
  /**
   * Counts a quirk that a charge point has shown, or something that a profile has done for it.
   *
   * @param profile the one that applied; '' for none.
   */
  note(chargePointKey: number, profile: string, quirk: string): void
}

/** Longest text of a boot that is compared with patterns, in characters. Lenient charge points may send any length. */
const comparedCharactersMax = 255

/** How many different boots are remembered with their profile: a fleet has few. */
const bootsKnownMax = 2_000

const noCommandQuirks: CommandQuirks = {}

/** The profiles that this process knows. */
export class QuirkProfiles {
  readonly #shipped: readonly QuirkProfile[]
  #all: ReadonlyMap<string, QuirkProfile>
  /** The patterns of all profiles, the one that counts most first. */
  #patterns: readonly CompiledPattern[]
  /** The imported profiles, to see whether they have changed. */
  #importedText = '[]'
  /** By charge point, as it was when it last booted or was changed: its object is another one then. */
  #treatments = new WeakMap<Profiled, Treatment>()
  /** By what charge points say at their boot: a list of charge points has records of its own. */
  readonly #byBoot = new Map<string, QuirkProfile | undefined>()

  /** @param shipped those that come with Stator. */
  constructor(shipped: readonly QuirkProfile[]) {
    this.#shipped = shipped
    this.#all = byName(shipped)
    this.#patterns = compiled(shipped)
  }

  /** Replaces the imported profiles. One with the name of a shipped profile counts instead of it. */
  replaceImported(imported: readonly QuirkProfile[]): void {
    // Nearly always, and what was decided for each charge point stays.
    const text = JSON.stringify(imported)
    if (text === this.#importedText) return
    this.#importedText = text
    this.#all = byName([...this.#shipped, ...imported])
    this.#patterns = compiled([...this.#all.values()])
    this.#treatments = new WeakMap()
    this.#byBoot.clear()
  }

  has(name: string): boolean {
    return this.#all.has(name)
  }

  /** How a charge point is treated now. It costs one look-up, except after a boot or a change. */
  of(chargePoint: Profiled): Treatment {
    const known = this.#treatments.get(chargePoint)
    if (known !== undefined) return known
    const treatment = treatmentOf(chargePoint, this.#chosen(chargePoint))
    this.#treatments.set(chargePoint, treatment)
    return treatment
  }

  #chosen(chargePoint: Profiled): QuirkProfile | undefined {
    const { quirkProfile, vendor, model, firmwareVersion } = chargePoint
    if (quirkProfile !== null) return this.#all.get(quirkProfile)
    const boot = [comparable(vendor), comparable(model), comparable(firmwareVersion)]
    const name = JSON.stringify(boot)
    if (this.#byBoot.has(name)) return this.#byBoot.get(name)
    const found = this.#patterns.find(({ globs }) => globs.every((glob, at) => matches(glob, boot[at] ?? null)))
    if (this.#byBoot.size >= bootsKnownMax) this.#byBoot.clear()
    this.#byBoot.set(name, found?.profile)
    return found?.profile
  }
}

function byName(profiles: readonly QuirkProfile[]): ReadonlyMap<string, QuirkProfile> {
  return new Map(profiles.map((profile) => [profile.name, profile]))
}

function treatmentOf({ strictness }: Profiled, profile: QuirkProfile | undefined): Treatment {
  const off = Object.entries(profile?.repairs ?? {}).flatMap(([code, isOn]) => (isOn === false ? [code] : []))
  return {
    profile: profile?.name ?? '',
    strictness: profile?.strictness ?? strictness,
    repairsOff: off.length === 0 ? undefined : (off as QuirkCode[]),
    commands: profile?.commands ?? noCommandQuirks,
  }
}

/** The parts of a pattern between its `*`, in lower case; null: any text, or none. */
type Glob = readonly string[] | null

interface CompiledPattern {
  readonly profile: QuirkProfile
  /** Of vendor, model and firmware. */
  readonly globs: readonly Glob[]
  readonly size: number
}

/** By the number of their characters beside `*`; of equals the first profile by name. */
function compiled(profiles: readonly QuirkProfile[]): readonly CompiledPattern[] {
  return profiles
    .flatMap((profile) =>
      (profile.appliesTo ?? []).map(({ vendor, model, firmware }) => {
        const globs = [vendor, model, firmware].map(globOf)
        return { profile, globs, size: globs.flatMap((glob) => glob ?? []).join('').length }
      }),
    )
    .toSorted((a, b) => b.size - a.size || (a.profile.name < b.profile.name ? -1 : 1))
}

function globOf(pattern: string | undefined): Glob {
  return pattern === undefined || pattern === '*' ? null : pattern.toLowerCase().split('*')
}

function comparable(text: string | null): string | null {
  return text === null ? null : text.slice(0, comparedCharactersMax).toLowerCase()
}

/** Each part between two `*` is taken where it first stands, so this is linear. */
function matches(glob: Glob, text: string | null): boolean {
  if (glob === null) return true
  const [first = ''] = glob
  if (text === null || !text.startsWith(first)) return false
  if (glob.length === 1) return text === first
  let from = first.length
  for (let at = 1; at < glob.length - 1; at++) {
    const part = glob[at] ?? ''
    const found = text.indexOf(part, from)
    if (found < 0) return false
    from = found + part.length
  }
  const last = glob.at(-1) ?? ''
  return text.length - last.length >= from && text.endsWith(last)
}
