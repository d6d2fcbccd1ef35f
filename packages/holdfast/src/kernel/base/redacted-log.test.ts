import { createLogger } from 'holdfast'
import { expect, test } from 'vitest'
import type { Logger } from './log.ts'
import { createRedactor } from './redact.ts'
import { redactedLog } from './redacted-log.ts'

function written(write: (log: Logger) => void): Record<string, unknown>[] {
  const lines: string[] = []
  write(redactedLog(createLogger({ write: (line) => lines.push(line) }), createRedactor(['email'])))
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

test('a redacted log hides values in fields, in the fields of a child, and in messages', () => {
  const lines = written((log) =>
    log.child({ email: 'a@b.c', step: 1 }).info({ password: 'x' }, 'redis://:x@cache failed'),
  )
  expect(lines).toMatchObject([
    { email: '[redacted]', step: 1, password: '[redacted]', msg: 'redis://:[redacted]@cache failed' },
  ])
})

test('a redacted log renames fields that clash with the fields of every line', () => {
  const lines = written((log) => log.child({ level: 9 }).info({ time: 'noon', msg: 'mine' }, 'levelled up'))
  expect(lines).toMatchObject([
    {
      level: 'info',
      time: expect.stringMatching(/Z$/),
      msg: 'levelled up',
      level_: 9,
      time_: 'noon',
      msg_: 'mine',
    },
  ])
})

test('a redacted log copies nothing for a line that is not written', () => {
  const log: Logger = { ...createLogger({ write: () => {} }), isLevelEnabled: (level) => level !== 'debug' }
  let isRead = false
  const fields = {
    get size() {
      isRead = true
      return 1
    },
  }
  redactedLog(log, createRedactor()).debug(fields, 'unseen')
  expect(isRead).toBe(false)
  redactedLog(log, createRedactor()).info(fields, 'seen')
  expect(isRead).toBe(true)
})

test('a redacted log keeps the fields of a child, even if a line logs a field of the same name', () => {
  const lines = written((log) => log.child({ requestId: 'own' }).info({ requestId: 'forged' }, 'sent'))
  expect(lines).toMatchObject([{ requestId: 'own', requestId_: 'forged' }])
})
