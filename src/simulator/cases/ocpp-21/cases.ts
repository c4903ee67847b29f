// The cases of OCPP 2.1. Part 6 of 2.1 is not public yet, so there are two kinds: those of 2.0.1 Part 6, whose messages
// are the same in 2.1, and one for each message of 2.1 and each of its directions, with ids of our own.

import type { CaseFiles } from '../play.ts'
import { tested201 } from '../ocpp-201/cases.ts'
import { fromStationCases } from './from-station.ts'
import { toStationCases } from './to-station.ts'

/** Files of `ocpp-201/` all of whose cases hold in 2.1, as they are. */
export const shared21 = tested201

/** By the file that has them; the shared ones apart. */
export const own21: CaseFiles = {
  'from-station.ts': fromStationCases,
  'to-station.ts': toStationCases,
}

/** All of them. */
export const tested21: CaseFiles = { ...shared21, ...own21 }
