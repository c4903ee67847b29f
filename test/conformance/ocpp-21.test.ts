// OCPP 2.1, message by message in both directions, and the cases of 2.0.1 that hold in 2.1, each against a real Stator.

import { testCases } from './harness/test-cases.ts'

testCases('2.1', (id) => id.startsWith('2.1 '))
