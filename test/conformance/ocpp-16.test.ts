// OCPP 1.6, operation by operation, each against a real Stator; then the cases themselves are tested.

import { testCases } from './harness/test-cases.ts'

testCases('1.6')
