import { anyone, holdfast, type Logger } from 'holdfast'
import { createHandler } from 'holdfast/http'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { createLogger } from '../base/log.ts'

const fail = (): never => {
  throw new TypeError('the disk is full')
}
const failing: Logger = {
  debug: fail,
  info: fail,
  warn: fail,
  error: fail,
  isLevelEnabled: fail,
  child: fail,
}

test.each([
  ['fails with each of its members', failing],
  ['fails with its lines', { ...failing, isLevelEnabled: () => true, child: () => failing }],
  ['fails with its lines, and does not say its level', { ...createLogger({ write: fail }) }],
])('a logger that %s makes no call fail, and its failure is reported once', async (_how, log) => {
  const told: string[] = []
  const { query, service } = holdfast()
  const chatty = query({
    route: 'GET /chatty',
    access: anyone('a test'),
    output: z.object({ ok: z.boolean() }),
    run({ log: own }) {
      own.info('one line')
      own.child({ step: 2 }).error({ step: 2 }, 'another')
      return { ok: true }
    },
  })
  const broken = query({ route: 'GET /broken', access: anyone('a test'), run: fail })
  const running = await service({ name: 'logging', operations: { chatty, broken } }).start({
    env: {},
    mode: 'test',
    clock: { now: () => 0, monotonicMs: () => 0, after: () => ({ cancel: () => {} }) },
    log,
    notify: (message) => told.push(message),
  })
  const { fetch } = createHandler(running)
  expect((await fetch(new Request('http://test/chatty'))).status).toBe(200)
  expect((await fetch(new Request('http://test/broken'))).status).toBe(500)
  expect((await fetch(new Request('http://test/nowhere'))).status).toBe(404)
  expect(told).toEqual([expect.stringContaining('the disk is full')])
})
