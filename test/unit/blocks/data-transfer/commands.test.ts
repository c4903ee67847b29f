import { expect, test } from 'bun:test'
import { transferCommand, transferOutcome } from '../../../../src/blocks/data-transfer/commands.ts'
import { checkRequest } from '../../../../src/examine/schema.ts'
import { ocppVersions } from '../../../../src/ocpp/version.ts'

test.each([...ocppVersions])('a DataTransfer of %s satisfies its schema, whatever the data are', (version) => {
  for (const data of [undefined, 'text', 1, null, { a: [1] }]) {
    const { action, payload } = transferCommand(version, { vendorId: 'V', messageId: 'M', data })
    expect(checkRequest(version, action, payload)).toEqual([])
    expect(payload).toHaveProperty('messageId', 'M')
  }
})

test('the outcome of a data transfer says what the status means', () => {
  expect(transferOutcome('Accepted').message).toBe('The charge point has taken the data')
  expect(transferOutcome('UnknownVendorId').message).toBe('The charge point does not know this vendor')
  expect(transferOutcome('Rejected').message).toContain('Rejected')
})
