import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { anyone, event, holdfast } from 'holdfast'
import { postgres, type SqlDatabase } from 'holdfast/postgres'
import { createTestService } from 'holdfast/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'

const Numbered = z.object({ run: z.string(), n: z.int() })
const numbered = event('numbered', { payload: Numbered })
const { job, mutation, service } = holdfast({ database: postgres() })
const count = job({ name: 'count', input: Numbered, run: () => {} })

/** Runs a statement and catches its failure. A handler may do the same. */
type Say = (text: string) => Promise<void>
/** Writes a row, enqueues a job and publishes a message, all with the same new number. */
type Affect = () => Promise<void>

type Handle = (say: Say, affect: Affect, db: SqlDatabase) => Promise<void>
let handle: Handle
const act = mutation({
  route: 'POST /acts',
  access: anyone('a test'),
  input: z.object({ run: z.string() }),
  async run({ input: { run }, db, jobs, publish }) {
    const write: Say = (text) =>
      ask(db, text).then(
        () => {},
        () => {},
      )
    let n = 0
    await handle(
      write,
      async () => {
        n += 1
        const written = write(`insert into effects values ('${run}', ${n})`)
        const enqueued = jobs.enqueue(count, { run, n })
        const published = publish(numbered, run, { run, n })
        await Promise.all([written, enqueued, published])
      },
      db,
    )
  },
})

function ask(db: SqlDatabase, text: string): Promise<unknown> {
  return db.query({ text, values: [] } as never)
}

const start = () =>
  createTestService(service({ name: 'savepoints', operations: { act }, jobs: [count] }), {
    worker: false,
    statements: 'allow',
    onLog: () => {},
  })
let running: Awaited<ReturnType<typeof start>>
beforeAll(async () => {
  running = await start()
  await running.sql('create table effects (run text, n int)')
})
afterAll(() => running.stop())

interface Outcome {
  readonly status: number
  readonly rows: readonly number[]
  readonly jobs: readonly number[]
  readonly messages: readonly number[]
}

/** Runs a handler and returns what has been committed. */
async function outcomeOf(what: Handle): Promise<Outcome> {
  const run = randomUUID()
  handle = what
  const { status } = await running.send('act', { run })
  const numbers = async (text: string): Promise<number[]> =>
    (await running.sql<{ n: number }>(text, [run])).map(({ n }) => n)
  return {
    status,
    rows: await numbers('select n from effects where run = $1 order by n'),
    jobs: await numbers(
      `select (input ->> 'n')::int as n from holdfast.all_jobs where input ->> 'run' = $1 order by seq`,
    ),
    messages: await numbers(
      `select (payload ->> 'n')::int as n from holdfast.messages where key = $1 order by seq`,
    ),
  }
}

function committed(...numbers: readonly number[]): Outcome {
  return { status: 204, rows: numbers, jobs: numbers, messages: numbers }
}

// Each case is a script: `+` has an effect, everything else is a statement.
test.each<[string, Outcome]>([
  ['savepoint a | + | rollback to A', committed()],
  ['+ | savepoint a | + | rollback work to a | +', committed(1, 3)],
  [
    '/* a */ savepoint /* /* b */ */ a -- c | + | -- d\rROLLBACK/**/TRANSACTION to savepoint "a" ;',
    committed(),
  ],
  ['savepoint "A" | + | savepoint a | + | rollback to "A"', committed()],
  ['savepoint a | + | savepoint b | + | rollback to a | savepoint b | + | rollback to b | +', committed(4)],
  ['savepoint a | + | savepoint a | + | rollback to a | + | release a | + | rollback to a | +', committed(5)],
  ['savepoint a | + | release a | savepoint a | + | rollback to a', committed(1)],
  ['savepoint a | + | select 1/0 | + | savepoint a | + | rollback to a | +', committed(4)],
  ['savepoint a | + | release b | rollback to a | +', committed(2)],
  [`savepoint ${'a'.repeat(64)} | + | rollback to ${'a'.repeat(63)} | +`, committed(2)],
  // The command is rejected, so it has no effect.
  ['savepoint ä | + | rollback to ä', committed(1)],
  ['savepoint U&"a" | + | rollback to a', { ...committed(), status: 500 }],
])('jobs and messages are undone with the rows: %s', async (script, expected) => {
  const outcome = await outcomeOf(async (say, affect) => {
    for (const part of script.split('|').map((text) => text.trim()))
      await (part === '+' ? affect() : say(part))
  })
  expect(outcome).toEqual(expected)
})

test('jobs and messages are undone with the rows if no statement is awaited', async () => {
  const outcome = await outcomeOf(async (say, affect) => {
    void say('savepoint a')
    void affect()
    void say('rollback to a')
    void affect()
    await say('savepoint b')
    void affect()
    void say('rollback to b')
  })
  expect(outcome).toEqual(committed(2))
})

test('a second savepoint with the name of an open one is rejected if code runs concurrently or Drizzle chose the name', async () => {
  const codes: unknown[] = []
  const script = (...parts: readonly (readonly [text: string, isAwaited: boolean])[]) =>
    outcomeOf(async (_say, _affect, db) => {
      for (const [text, isAwaited] of parts) {
        const done = ask(db, text).catch((error: unknown) => codes.push(Reflect.get(error as object, 'code')))
        if (isAwaited) await done
      }
    })
  await script(['savepoint a', false], ['savepoint a', true])
  await script(['savepoint a', true], ['select 1', false], ['savepoint A', true])
  await script(['savepoint sp1', true], ['savepoint sp1', true])
  expect(codes).toEqual(Array.from({ length: 3 }, () => 'savepoint-concurrent'))
  await script(['savepoint sp1', true], ['rollback to sp1', true], ['savepoint sp1', true])
  expect(codes).toHaveLength(3)
})

test('jobs and messages are undone with the rows in any sequence of savepoints', async () => {
  const name = fc.constantFrom('a', 'A', '"A"', '"a"', 'b', 'savepoint', '/* b */ c')
  const statement = fc.oneof(
    { weight: 4, arbitrary: name.map((of) => `savepoint ${of}`) },
    { weight: 3, arbitrary: name.map((of) => `rollback to ${of}`) },
    { weight: 1, arbitrary: name.map((of) => `rollback work to savepoint ${of}`) },
    { weight: 2, arbitrary: name.map((of) => `release ${of}`) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('select 1/0', 'select 1', 'rollback to savepoint', 'savepoint U&"a"'),
    },
    { weight: 5, arbitrary: fc.constant('+') },
  )
  const steps = fc.array(fc.tuple(statement, fc.boolean()), { minLength: 4, maxLength: 25 })
  const statuses = new Set<number>()
  await fc.assert(
    fc.asyncProperty(steps, async (script) => {
      const { status, rows, jobs, messages } = await outcomeOf(async (say, affect) => {
        for (const [part, isAwaited] of script) {
          const done = part === '+' ? affect() : say(part)
          if (isAwaited) await done
        }
      })
      statuses.add(status)
      expect({ jobs, messages }).toEqual({ jobs: rows, messages: rows })
      expect(status === 204 || rows.length === 0).toBe(true)
    }),
    { numRuns: 150 },
  )
  expect(statuses).toEqual(new Set([204, 500]))
})

test('a string continues after a comment in Postgres too', async () => {
  const [row] = await running.sql<{ text: string }>(`select 'a' -- why\n -- and how\n 'b' as text`)
  expect(row).toEqual({ text: 'ab' })
})
