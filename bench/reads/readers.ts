// The API keys of those who read the lists.

import { z } from 'zod'
import type { FillPart } from './fill-sql.ts'
import { groupOfReader, type ReaderName } from './reader-names.ts'
import type { Source } from './reading.ts'

const NewKey = z.looseObject({ apiKey: z.string() })

/**
 * Where each reader reads, with an API key that is made for it; their names tell the part of the run.
 *
 * @throws {Error} if the server under test makes no key.
 */
export async function readersOf(admin: Source, part: FillPart): Promise<Readonly<Record<ReaderName, Source>>> {
  const scoped = async (name: ReaderName): Promise<Source> => {
    const response = await fetch(`${admin.url}/api/api-keys`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-API-Key': admin.apiKey },
      body: JSON.stringify({ name: `bench ${name} of ${part}`, role: 'admin', groupIds: [groupOfReader[name]] }),
    })
    const text = await response.text()
    if (response.status !== 201) throw new Error(`POST /api/api-keys answered ${response.status}: ${text}`)
    return { ...admin, apiKey: NewKey.parse(JSON.parse(text)).apiKey }
  }
  return { admin, half: await scoped('half'), hundredth: await scoped('hundredth') }
}
