// Fields that the routes of tariffs and costs share.

import { z } from '@hono/zod-openapi'
import { object, text } from '../../api/fields.ts'

const amountMax = 1_000_000_000

/** An amount, from zero on. */
export function amount(name: string) {
  const error = `${name} must be a number from 0 to ${amountMax}`
  return z.number({ error }).min(0, { error }).max(amountMax, { error })
}

/** MessageContentType, as 2.0.1 and 2.1 both have it. */
export const messageContent = z
  .strictObject({
    format: z.enum(['ASCII', 'HTML', 'URI', 'UTF8'], { error: 'Format must be one of ASCII, HTML, URI, UTF8' }),
    language: text('Language', 8).optional().openapi({ description: 'RFC 5646.', example: 'en' }),
    content: text('Content', 512),
  })
  .openapi('MessageContent', { example: { format: 'UTF8', language: 'en', content: '0.49 EUR/kWh' } })

/** TariffType of 2.1; its schema checks it. */
export const tariffBody = object('Tariff').openapi({
  description: 'TariffType of OCPP 2.1.',
  example: {
    tariffId: 'day-2025',
    currency: 'EUR',
    energy: { prices: [{ priceKwh: 0.49 }], taxRates: [{ type: 'vat', tax: 19 }] },
  },
})
