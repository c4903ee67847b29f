// What a worker thread does about its priority.

import { expect, test } from 'bun:test'
import { giveWay } from '../../../src/base/give-way.ts'

test('a worker works at ordinary priority where a system call filter forbids it to change that', () => {
  const forbidden = (): never => {
    throw new Error('A system error occurred: uv_os_setpriority returned EPERM (operation not permitted)')
  }
  expect(() => giveWay(forbidden)).not.toThrow()
})
