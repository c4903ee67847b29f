// OCPP 1.6, operation by operation, each against a real Stator; then the cases themselves are tested.

import { testCases } from './harness/test-cases.ts'
import { tested16 } from './ocpp-16/cases.ts'

testCases('1.6', tested16)
