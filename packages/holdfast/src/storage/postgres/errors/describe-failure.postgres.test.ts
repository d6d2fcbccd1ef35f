import { readFile } from 'node:fs/promises'
import { anyone, createLogger, holdfast, type Mode, systemClock } from 'holdfast'
import { postgres, sql, type SqlDatabase } from 'holdfast/postgres'
import { CallFailed, createTestService } from 'holdfast/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { callerLineOfProgram } from '../../../platform/external-calls/caller-of.ts'
import { sqlStateOf } from './sql-state.ts'

const { mutation, query, service } = holdfast({ database: postgres() })
const Given = z.object({ email: z.string() })

const add = mutation({
  route: 'POST /people',
  access: anyone('a test'),
  input: Given,
  run: ({ db, input }) => insert(db, input.email),
})
const find = query({
  route: 'GET /people/{email}',
  access: anyone('a test'),
  input: Given,
  run: async ({ db, input }) => void (await db.query(sql`select id from people where id = ${input.email}`)), // of find
})
const search = query({
  route: 'GET /people',
  access: anyone('a test'),
  input: Given,
  run: async ({ db, input }) =>
    void (await db.query({
      text: `select id from people where email = '${input.email}'`,
      values: [],
    } as never)),
})

async function insert(db: SqlDatabase, email: string): Promise<void> {
  await db.query(sql`insert into people (email) values (${email})`) // of add
}

const people = service({ name: 'people', operations: { add, find, search } })
const start = () => createTestService(people, { onLog: () => {} })
let tested: Awaited<ReturnType<typeof start>>
beforeAll(async () => {
  tested = await start()
  await tested.sql('create table people (id int generated always as identity, email text unique)')
  await tested.sql(`insert into people (email) values ('ann@example.org')`)
})
afterAll(() => tested.stop())

interface Failed {
  readonly line: Readonly<Record<string, unknown>>
  readonly error: Readonly<Record<string, unknown>>
  readonly problem: Readonly<Record<string, unknown>>
}

/**
 * Makes a call that fails, in a service that runs in this mode. Returns its log lines and its
 * response.
 */
async function fail(mode: Mode, operation: 'add' | 'find' | 'search', email: string): Promise<Failed> {
  const lines: string[] = []
  const running = await people.start({
    env: { DATABASE_URL: tested.databaseUrl },
    mode,
    clock: systemClock,
    log: createLogger({ write: (line) => lines.push(line) }),
    notify: () => {},
    ...(mode === 'production' ? {} : { statements: { refuses: false, callerLineOf: callerLineOfProgram } }),
  })
  try {
    const isQuery = operation !== 'add'
    const answer = await running.call({
      operation,
      input: {
        path: operation === 'find' ? { email } : {},
        query: operation === 'search' ? { email: [email] } : {},
        body: isQuery ? undefined : { email },
      },
      header: (name) => (name === 'idempotency-key' && !isQuery ? crypto.randomUUID() : undefined),
    })
    expect(answer.status).toBe(500)
    const line = lines
      .map((text) => JSON.parse(text) as Record<string, unknown>)
      .find(({ msg }) => msg === 'call failed')
    return {
      line: line!,
      error: line!['error'] as Record<string, unknown>,
      problem: JSON.parse(answer.body!) as Record<string, unknown>,
    }
  } finally {
    await running.stop()
  }
}

async function callerLineOf(comment: string): Promise<string> {
  const path = import.meta.filename
  const lines = (await readFile(path, 'utf8')).split('\n')
  return `${path}:${lines.findIndex((line) => line.endsWith(`// ${comment}`)) + 1}`
}

test.each(['development', 'test', 'production'] as const)(
  'a failed statement is logged with its message and position, and without values in production (%s)',
  async (mode) => {
    const isOpen = mode !== 'production'
    const { line, error, problem } = await fail(mode, 'add', 'ann@example.org')
    expect(line).toMatchObject({ operation: 'add', definedAt: add.definedAt })
    expect(error).toMatchObject({
      code: '23505',
      message: 'duplicate key value violates unique constraint "people_email_key"',
      statement: 'insert into people (email) values ($1)',
      table: 'people',
      constraint: 'people_email_key',
    })
    expect(error['detail']).toBe(isOpen ? 'Key (email)=(ann@example.org) already exists.' : undefined)
    expect(error['calledAt']).toBe(isOpen ? await callerLineOf('of add') : undefined)
    expect(JSON.stringify(line).includes('ann@')).toBe(isOpen)
    const detail = `${String(error['message'])} (${await callerLineOf('of add')})`
    expect(problem['detail']).toBe(mode === 'development' ? detail : undefined)
  },
)

test.each([
  [
    'find',
    'ann@example.org',
    'invalid input syntax for type integer: "ann@example.org"',
    'invalid input syntax for type integer: "…"',
  ],
  ['search', "x'ann", 'syntax error at or near "ann"', 'syntax error at or near "…"'],
] as const)(
  'a message that quotes a value is logged without it in production (%s)',
  async (operation, email, ...[open, closed]) => {
    expect((await fail('test', operation, email)).error['message']).toBe(open)
    const { line, error } = await fail('production', operation, email)
    expect(error['message']).toBe(closed)
    expect(JSON.stringify(line)).not.toContain('ann')
  },
)

test('the position in the text and the hint are logged', async () => {
  const { error } = await fail('production', 'search', "' or emial = 'x")
  expect(error).toMatchObject({
    code: '42703',
    statement: 'select id from people where email = ? or emial = ?',
    position: 43,
    hint: 'Perhaps you meant to reference the column "people.email".',
  })
})

test('in a test, the cause of a failed call is the database error', async () => {
  const failed = await tested.call.add({ email: 'ann@example.org' }).catch((error: unknown) => error)
  expect(failed).toBeInstanceOf(CallFailed)
  expect(sqlStateOf((failed as CallFailed).cause)).toBe('23505')
})
