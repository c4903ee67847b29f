// What `bun start --help` says about the settings.

import { expect, test } from 'bun:test'
import { settingLines } from '../../../src/base/start-command.ts'

test('the help lists every setting with its default, unit and meaning, in columns', () => {
  const lines = settingLines()
  const port = lines.find((line) => line.includes('OCPP.ServerPort'))
  expect(port).toMatch(/^ {2}OCPP\.ServerPort +8080 +Port for charge points/)
  expect(lines.find((line) => line.includes('OCPP.HeartbeatInterval'))).toContain('300 seconds ')
  expect(lines.find((line) => line.includes('Security.ApiKeys'))).toContain('Further operator keys')
  expect(port?.indexOf('Port for')).toBe(lines.find((line) => line.startsWith('  Key'))?.indexOf('Meaning'))
})
