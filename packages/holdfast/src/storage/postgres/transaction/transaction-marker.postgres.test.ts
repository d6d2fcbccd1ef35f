import { randomUUIDv7 } from 'node:crypto'
import { anyone, holdfast, problem } from 'holdfast'
import { postgres, sql, type SqlDatabase } from 'holdfast/postgres'
import { createTestService, until } from 'holdfast/testing'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { StatementSender } from '../session/statement-sender.ts'

const Taken = problem('taken', { status: 409, title: 'Taken' })
const { job, mutation, service } = holdfast({ database: postgres() })

let handle: (db: SqlDatabase) => Promise<void>
const work = job({ name: 'work', input: z.object({}), retry: { attempts: 1 }, run: ({ db }) => handle(db) })
const definition = {
  access: anyone('a test'),
  problems: [Taken],
  run: ({ db }: { readonly db: SqlDatabase }) => handle(db),
} as const
const keyed = mutation({ ...definition, route: 'POST /keyed' })
const keyless = mutation({ ...definition, route: 'POST /keyless', idempotency: { optional: 'a test' } })
const enqueue = mutation({
  route: 'POST /jobs',
  access: anyone('a test'),
  output: z.object({ id: z.string() }),
  run: async ({ jobs }) => ({ id: (await jobs.enqueue(work, {})).id }),
})

const lines: string[] = []
const start = () =>
  createTestService(service({ name: 'marked', operations: { keyed, keyless, enqueue }, jobs: [work] }), {
    onLog: (line) => lines.push(line),
  })
let running: Awaited<ReturnType<typeof start>>
beforeAll(async () => {
  running = await start()
  await running.sql('create table effects (name text)')
})
afterAll(() => running.stop())
beforeEach(() => {
  lines.length = 0
})
afterEach(() => {
  vi.restoreAllMocks()
})

/**
 * Sends a command in place of a marked statement, as if the lexer had failed to reject it.
 * Optionally hides its command tag.
 */
function sendUnseen(command: string, isTagSeen: boolean): void {
  const send = Reflect.get(StatementSender.prototype, 'send')
  vi.spyOn(StatementSender.prototype, 'send').mockImplementation(async function (
    this: StatementSender,
    statement,
    sendable,
  ) {
    const isMarked = statement.text.startsWith('select unseen')
    const sent = isMarked ? { ...statement, name: undefined, text: command } : statement
    const result = await send.call(this, sent, sendable)
    return (isMarked && !isTagSeen ? { ...result, command: 'SELECT' } : result) as never
  })
}

const insert = (db: SqlDatabase, name: string): Promise<unknown> =>
  db.query(sql`insert into effects (name) values (${name})`)
const unseen = (db: SqlDatabase): Promise<unknown> =>
  db.query({ text: `select unseen('${randomUUIDv7()}')`, values: [] } as never)
const effects = async (name: string): Promise<number> =>
  (await running.sql('select from effects where name = $1', [name])).length

test.each([
  ['commit and chain', true],
  ['commit and chain', false],
  ['rollback and chain', true],
  ['commit', true],
  ['rollback', false],
])(
  'after %s that was not rejected, no key is stored and nothing more is committed (tag seen: %j)',
  async (command, isTagSeen) => {
    const [key, name] = [randomUUIDv7(), randomUUIDv7()]
    sendUnseen(command, isTagSeen)
    handle = async (db) => {
      await unseen(db).catch(() => {})
      await insert(db, name).catch(() => {})
    }
    for (const operation of ['keyed', 'keyless'] as const) {
      const { status } = await running.send(operation, {}, { key: operation === 'keyed' ? key : null })
      expect(status).toBe(500)
    }
    expect(lines.filter((line) => line.includes('transaction-control'))).toHaveLength(2)
    expect(await effects(name)).toBe(0)
    expect(await running.sql('select from holdfast.idempotency_keys where key = $1', [key])).toEqual([])
  },
)

test('a problem is not the final answer of a handler that ended its transaction', async () => {
  sendUnseen('commit and chain', true)
  handle = async (db) => {
    await unseen(db).catch(() => {})
    throw Taken()
  }
  const key = randomUUIDv7()
  expect((await running.send('keyed', {}, { key })).status).toBe(500)
  expect(await running.sql('select from holdfast.idempotency_keys where key = $1', [key])).toEqual([])
})

test.each([true, false])(
  'a job does not succeed in a transaction that it did not begin (tag seen: %j)',
  async (isTagSeen) => {
    const name = randomUUIDv7()
    sendUnseen('commit and chain', isTagSeen)
    handle = async (db) => {
      await unseen(db).catch(() => {})
      await insert(db, name).catch(() => {})
    }
    const { id } = await running.call.enqueue({})
    const stateOf = async (): Promise<string | undefined> =>
      (await running.sql<{ state: string }>('select state from holdfast.all_jobs where id = $1', [id]))[0]
        ?.state
    await until(async () => (await stateOf()) === 'dead')
    expect(lines.join('\n')).toContain('transaction-control')
    expect(await effects(name)).toBe(0)
  },
)
