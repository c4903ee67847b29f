// The cases of OCPP 2.0.1 Part 6 that test a CSMS, each against a real Stator; then the cases themselves are tested.

import { testCases } from './harness/test-cases.ts'

testCases('2.0.1')
