// VatNumberValidation (2.1 C18 and C24): a charge point asks whether the VAT number that a driver typed in is valid.

import type { OCPP21 } from 'typed-ocpp'
import type { Handler } from '../decision.ts'
import { notification } from '../notification.ts'

/** Limit of the schema: what a lenient charge point sends beyond it is not repeated. */
const vatNumberCharactersMax = 20

const status = 'Rejected'

/** Stator knows no register of VAT numbers: none is confirmed. The answer repeats what it is about. */
export const vatNumberValidation: Handler<OCPP21.VatNumberValidationRequest> = {
  decide: ({ vatNumber = '', evseId = -1 }: Partial<OCPP21.VatNumberValidationRequest>, known) => {
    const asked = vatNumber.slice(0, vatNumberCharactersMax)
    const hasEvse = Number.isInteger(evseId) && evseId >= 0
    const row = { vatNumber: asked, evseId: hasEvse ? evseId : 0, status }
    const answer = { vatNumber: asked, ...(hasEvse ? { evseId } : {}), status }
    return { ...notification(known, undefined, { table: 'vatNumberChecks', row }), answer }
  },
}
