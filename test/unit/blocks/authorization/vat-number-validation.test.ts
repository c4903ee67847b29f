import { expect, test } from 'bun:test'
import { vatNumberValidation } from '../../../../src/blocks/authorization/vat-number-validation.ts'
import { decide } from '../../../support/known.ts'

test('VatNumberValidation confirms no number, and repeats what it is about', () => {
  const vatNumber = 'NL123456789B01'
  const { answer, changes } = decide(vatNumberValidation, { vatNumber })
  expect(answer).toEqual({ vatNumber, status: 'Rejected' })
  expect(changes).toMatchObject([
    { table: 'chargePointEvents' },
    { table: 'vatNumberChecks', row: { vatNumber, evseId: 0, status: 'Rejected' } },
  ])
  expect(decide(vatNumberValidation, { vatNumber, evseId: 2 }).answer).toEqual({
    vatNumber,
    evseId: 2,
    status: 'Rejected',
  })
})
