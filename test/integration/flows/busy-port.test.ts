// A port that somebody else listens on, be it another Stator.

import { expect, test } from 'bun:test'
import { TestStator } from '../../support/stator.ts'

test('a Stator does not start on the port of another, and says so in one sentence', async () => {
  const first = await TestStator.start()
  try {
    const second = TestStator.start({ settings: { OCPP: { ServerPort: first.stator.port } } })
    await expect(second).rejects.toMatchObject({
      code: 'ADDRESS_UNAVAILABLE',
      message: expect.stringContaining(`OCPP.ServerPort are 127.0.0.1 and ${first.stator.port}`),
    })
  } finally {
    await first.stop()
  }
})
