import { anyone, event, holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createFakeClock, createTestService, until } from 'holdfast/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { z } from 'zod'
import { createTestMessages, type TestMessages } from './messages.fixture.ts'
import { warnIfUndispatched } from './warn-if-undispatched.ts'

const Counted = event('thing.counted', { payload: z.int() })
const warning = expect.stringMatching(/^messages are waiting, but no worker .* work\(service\)/)

let store: TestMessages
beforeAll(async () => {
  store = await createTestMessages()
})
afterAll(() => store[Symbol.asyncDispose]())
beforeEach(() => store.client.query('truncate holdfast.messages, holdfast.job_workers'))

/** Returns a function that runs the check and returns the lines that it logs. */
function createLooker(): { look: () => Promise<unknown[]>; stop: () => Promise<void> } {
  const clock = createFakeClock()
  let scheduled = 0
  const { pool, host } = store
  const task = warnIfUndispatched({
    pool,
    log: host.log,
    clock: {
      now: () => clock.now(),
      monotonicMs: () => clock.monotonicMs(),
      after(ms, fire) {
        scheduled += 1
        return clock.after(ms, fire)
      },
    },
  })
  return {
    async look() {
      const [{ length }, before] = [store.lines, scheduled]
      task.now()
      await until(() => scheduled > before)
      return store.lines.slice(length).map(({ level, msg, waiting }) => ({ level, msg, waiting }))
    },
    stop: () => task.stop(),
  }
}

const passAMinute = (): Promise<unknown> =>
  store.client.query(`update holdfast.messages set published_at = published_at - interval '1 minute'`)

test('undispatched messages are reported once, and new ones again after a dispatch', async () => {
  const { look, stop } = createLooker()
  expect(await look()).toEqual([])
  await store.publishMany(Counted, ['a', 'b'])
  expect(await look()).toEqual([])
  await passAMinute()
  expect(await look()).toEqual([{ level: 'warn', msg: warning, waiting: 2 }])
  expect(await look()).toEqual([])
  await store.client.query('update holdfast.messages set position = seq')
  expect(await look()).toEqual([])
  await store.publish(Counted, 'c', 1)
  await passAMinute()
  expect(await look()).toEqual([{ level: 'warn', msg: warning, waiting: 1 }])
  await stop()
})

test('nothing is reported if another process dispatches, no matter how long messages wait', async () => {
  const { look, stop } = createLooker()
  await store.publish(Counted, 'a', 1)
  await passAMinute()
  await store.client.query(
    `insert into holdfast.job_workers (id, service, host, pid) values (gen_random_uuid(), 'another', 'there', 1)`,
  )
  expect(await look()).toEqual([])
  await store.client.query(`update holdfast.job_workers set started_at = now() - interval '61 seconds'`)
  expect(await look()).toHaveLength(1)
  await stop()
})

test('a service without a worker logs the warning', async () => {
  const { mutation, service } = holdfast({ database: postgres() })
  const publishOne = mutation({
    route: 'POST /counts',
    access: anyone('a test'),
    run: async ({ publish }) => void (await publish(Counted, 'a', 1)),
  })
  const clock = createFakeClock()
  const lines: unknown[] = []
  const tested = service({ name: 'undispatched', operations: { publishOne } })
  await using on = await createTestService(tested, { clock, onLog: (line) => lines.push(JSON.parse(line)) })
  await on.call.publishOne({})
  await on.sql(`update holdfast.messages set published_at = now() - interval '2 minutes'`)
  clock.advance(60_000)
  await until(() => lines.some((line) => (line as { level: string }).level === 'warn'))
  expect(lines).toContainEqual(expect.objectContaining({ level: 'warn', msg: warning, waiting: 1 }))
})
