// VatNumberValidation (2.1 C18 and C24): a charge point asks whether the VAT number that a driver typed in is valid.

import type { OCPP21 } from 'typed-ocpp'
import type { Handler } from '../decision.ts'

/** Limit of the schema: what a lenient charge point sends beyond it is not repeated. */
const vatNumberCharactersMax = 20

/** Stator knows no register of VAT numbers: none is confirmed. The answer repeats what it is about. */
export const vatNumberValidation: Handler<OCPP21.VatNumberValidationRequest> = {
  decide: ({ vatNumber = '', evseId = -1 }: Partial<OCPP21.VatNumberValidationRequest>) => ({
    answer: {
      vatNumber: vatNumber.slice(0, vatNumberCharactersMax),
      ...(Number.isInteger(evseId) && evseId >= 0 ? { evseId } : {}),
      status: 'Rejected',
    },
    changes: [],
    anomalies: [],
  }),
}
