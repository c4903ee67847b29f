// The cases of OCPP 2.0.1 Part 6 that test a CSMS, each against a real Stator; then the cases themselves are tested.

import { testCases } from './harness/test-cases.ts'
import { cases201 } from './ocpp-201/list.ts'
import { tested201 } from './ocpp-201/cases.ts'

testCases('2.0.1', tested201, (id) => Object.entries(cases201).find(([listed]) => listed === id)?.[1].title ?? '')
