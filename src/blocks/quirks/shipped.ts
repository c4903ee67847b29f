// The quirk profiles that come with Stator: the files in `quirks/`. A test holds that each file is listed here, is
// valid, and sends nothing that nobody asked for.

import abbTerra from '../../../quirks/abb-terra.json' with { type: 'json' }
import enPlus from '../../../quirks/en-plus.json' with { type: 'json' }
import grizzlE from '../../../quirks/grizzl-e.json' with { type: 'json' }
import wallbox from '../../../quirks/wallbox.json' with { type: 'json' }
import type { QuirkProfile } from '../../ocpp/quirk-profile.ts'

/** By name. Their words are checked by the test, because types of JSON files are only `string`. */
export const shippedQuirkProfiles = [abbTerra, enPlus, grizzlE, wallbox] as readonly QuirkProfile[]
