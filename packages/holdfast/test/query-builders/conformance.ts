import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { createTestService, type TestService, until } from 'holdfast/testing'
import { afterAll, expect, test } from 'vitest'
import { createConformingService, poolSize } from './conforming-service.ts'
import { migration, type QueryBuilder, sample, toJson } from './query-builder.ts'

/** Defines tests that every query builder has to pass. Call it once in each builder's test file. */
export async function testConformance<Db>(builder: QueryBuilder<Db>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-builder-'))
  afterAll(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, '0001-authors.sql'), migration)
  const { service, seen } = createConformingService(builder, folder)
  type Tested = TestService<(typeof service)['operations']>

  const lines: string[] = []
  const start = (): Promise<Tested> => {
    lines.length = 0
    return createTestService(service, { onLog: (line) => lines.push(line), worker: false })
  }
  const authorsOf = async (tested: Tested): Promise<string[]> => {
    const rows = await tested.sql<{ name: string }>('select name from authors order by id')
    return rows.map(({ name }) => name)
  }
  const others = Array.from({ length: poolSize }, (_, index) => index + 1)

  test('writes of a mutation are committed with it, or rolled back with its failure', async () => {
    await using tested = await start()
    expect(await tested.call.addAuthor({ id: 1, name: 'Ann' })).toEqual({ id: 1, name: 'Ann' })
    expect((await tested.send('addAuthor', { id: 2, name: 'Bob', fails: true })).status).toBe(500)
    expect(await authorsOf(tested)).toEqual(['Ann'])
    expect(await tested.call.findAuthor({ id: 1 })).toEqual({ name: 'Ann' })
    expect(await tested.call.findAuthor({ id: 2 })).toEqual({ name: null })
  })

  test('a preparation reads, but cannot write', async () => {
    await using tested = await start()
    await tested.call.addAuthor({ id: 1, name: 'Ann' })
    expect(await tested.call.addPrepared({ id: 2, like: 1 })).toEqual({ id: 2, name: 'Ann again' })
    expect((await tested.send('addPrepared', { id: 3, like: 0 })).status).toBe(500)
    expect(lines.join('\n')).toContain('query-writes')
    expect(await authorsOf(tested)).toEqual(['Ann', 'Ann again'])
  })

  test('rows loaded in one turn of the event loop are read in one statement', async () => {
    await using tested = await start()
    await tested.call.addAuthor({ id: 1, name: 'Ann' })
    await tested.call.addAuthor({ id: 2, name: 'Bob' })
    expect(await tested.call.loadAuthors({ ids: [2, 9, 1, 2] })).toEqual({
      names: ['Bob', null, 'Ann', 'Bob'],
    })
    expect(seen.loads).toEqual([[2, 9, 1]])
  })

  test('a retried mutation takes effect once', async () => {
    await using tested = await start()
    const [first, second] = [
      await tested.send('addAuthor', { id: 1, name: 'Ann' }, { key: 'the-key-of-ann' }),
      await tested.send('addAuthor', { id: 1, name: 'Ann' }, { key: 'the-key-of-ann' }),
    ]
    expect(first.status).toBe(200)
    expect(second.body).toBe(first.body)
    expect(await authorsOf(tested)).toEqual(['Ann'])
  })

  test('the whole transaction is retried after a conflict', async () => {
    await using tested = await start()
    seen.contended = 0
    await tested.call.addContended({ id: 1, name: 'Ann' })
    expect(seen.contended).toBe(2)
    expect(await authorsOf(tested)).toEqual(['Ann'])
  })

  test('a nested transaction is a savepoint, whose failure undoes only its own rows and jobs', async () => {
    await using tested = await start()
    const { caught } = await tested.call.addParts({
      parts: [
        { id: 1, name: 'Ann', fails: false },
        { id: 2, name: 'Bob', fails: true },
        { id: 3, name: 'Ann', fails: false },
        { id: 4, name: 'Dan', fails: false },
      ],
    })
    expect(caught).toEqual(['after all', '23505 authors_name_unique'])
    expect(await authorsOf(tested)).toEqual(['Ann', 'Dan'])
    expect(await tested.sql('select input from holdfast.all_jobs order by input::text')).toEqual([
      { input: { id: 1 } },
      { input: { id: 4 } },
    ])
  })

  test('a savepoint that cannot be released because of a caught error is undone', async () => {
    await using tested = await start()
    const { status } = await tested.send('addHidden', {})
    // Prisma aborts the whole transaction.
    expect(await authorsOf(tested)).toEqual(status === 500 ? [] : ['one'])
    expect(await tested.sql('select input from holdfast.all_jobs')).toEqual([])
  })

  test('two concurrent nested transactions would undo each other, and are rejected', async () => {
    await using tested = await start()
    expect((await tested.send('addBoth', {})).status).toBe(500)
    expect(lines.join('\n')).toMatch(builder.refusesConcurrentNesting)
    expect(await authorsOf(tested)).toEqual([])
  })

  test('concurrent calls see only their own data, in an exhausted pool', async () => {
    await using tested = await start()
    const found = await Promise.all(others.map((id) => tested.call.meetInTransaction({ id, others })))
    expect(found.map(({ names }) => names)).toEqual(
      others.map((id) => others.map((other) => (other === id ? `${id}` : null))),
    )
    expect(await authorsOf(tested)).toEqual(others.map(String))
  })

  test('queries that run concurrently with mutations do not see their uncommitted data', async () => {
    await using tested = await start()
    const inTransactions = [1, 2].map((id) => tested.call.meetInTransaction({ id, others: [1, 2] }))
    const inQueries = [1, 2].map((id) => tested.call.meetInQuery({ id, others: [1, 2] }))
    expect(await Promise.all([...inTransactions, ...inQueries])).toEqual([
      { names: ['1', null] },
      { names: [null, '2'] },
      { names: [null, null] },
      { names: [null, null] },
    ])
  })

  test('several times as many calls as connections each get their own answer', async () => {
    await using tested = await start()
    const ids = Array.from({ length: 4 * poolSize }, (_, index) => index + 1)
    await Promise.all(ids.map((id) => tested.call.addAuthor({ id, name: `${id}` })))
    const found = await Promise.all(ids.map((id) => tested.call.findAuthor({ id })))
    expect(found).toEqual(ids.map((id) => ({ name: `${id}` })))
  })

  test('every statement of a handler is counted, including savepoints, but no statement of the framework', async () => {
    await using tested = await start()
    await tested.fetch('/authors', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': 'counted' },
      body: JSON.stringify({ id: 1, name: 'Ann' }),
    })
    await tested.fetch('/authors/1')
    const counted = lines.flatMap((line) => {
      const { statements } = JSON.parse(line) as { readonly statements?: number }
      return statements ?? []
    })
    expect(counted).toEqual([2, 1])
  })

  test('a query cannot write, regardless of its types', async () => {
    await using tested = await start()
    expect((await tested.send('sneak', {})).status).toBe(500)
    expect(lines.join('\n')).toContain('query-writes')
    expect(await authorsOf(tested)).toEqual([])
  })

  test('a query cannot begin a transaction', async () => {
    await using tested = await start()
    expect((await tested.send('nestInQuery', {})).status).toBe(500)
    expect(lines.join('\n')).toContain('transaction-control')
  })

  test('a handler cannot end its transaction', async () => {
    await using tested = await start()
    expect((await tested.send('endTransaction', {})).status).toBe(500)
    expect(lines.join('\n')).toContain('transaction-control')
  })

  test.for([
    ['sleep', { isNested: false }],
    ['sleep', { isNested: true }],
    ['sleepInQuery', {}],
  ] as const)('the deadline ends a running statement: %s %o', async ([operation, input]) => {
    await using tested = await start()
    const answer = await tested.send(operation, input as never)
    expect(answer.body).toContain('deadline-exceeded')
    const running = `select from pg_stat_activity where query like '%pg_sleep(600)%' and pid <> pg_backend_pid()
                     and datname = current_database() and state = 'active'`
    await until(async () => (await tested.sql(running)).length === 0, { what: 'the end of the statement' })
    expect(await authorsOf(tested)).toEqual([])
    // The connection is still usable.
    expect(await tested.call.addAuthor({ id: 1, name: 'Ann' })).toEqual({ id: 1, name: 'Ann' })
  })

  test('identifiers and access rules read, and their statements count for the call', async () => {
    await using tested = await start()
    await tested.call.addAuthor({ id: 1, name: 'Ann' })
    const usage = { statements: 0, databaseMs: 0 }
    const headers = { authorization: '1' }
    expect(await tested.call.renameKnown({}, { headers, usage })).toEqual({ name: 'Ann' })
    expect(usage.statements).toBe(3)
    expect(await authorsOf(tested)).toEqual(['Ann', 'Ann again'])
    expect((await tested.send('renameKnown', {}, { headers: { authorization: '2' } })).status).toBe(403)
    expect((await tested.send('renameKnown', {}, { headers: { authorization: '7' } })).status).toBe(401)
  })

  test('identifiers and access rules hold no connection while the handler runs', async () => {
    await using tested = await start()
    await tested.call.addAuthor({ id: 1, name: 'Ann' })
    // All calls are in their handlers before the first of them reads, so held connections would
    // leave no connection for the handlers.
    const found = await Promise.all(
      others.map((id) => tested.call.meetKnown({ id, others: [1] }, { headers: { authorization: '1' } })),
    )
    expect(found).toEqual(others.map(() => ({ names: ['Ann'] })))
  })

  test.for([
    ['write', 'query-writes'],
    ['nest', 'transaction-control'],
  ] as const)('an identifier cannot %s', async ([authorization, code]) => {
    await using tested = await start()
    expect((await tested.send('identifyBriefly', {}, { headers: { authorization } })).status).toBe(500)
    expect(lines.join('\n')).toContain(code)
    expect(await authorsOf(tested)).toEqual([])
  })

  test('the deadline ends a statement of an identifier', async () => {
    await using tested = await start()
    const answer = await tested.send('identifyBriefly', {}, { headers: { authorization: 'sleep' } })
    expect(answer.body).toContain('deadline-exceeded')
    const running = `select from pg_stat_activity where query like '%pg_sleep(600)%' and pid <> pg_backend_pid()
                     and datname = current_database() and state = 'active'`
    await until(async () => (await tested.sql(running)).length === 0, { what: 'the end of the statement' })
  })

  test('the `db` of an ended mutation is rejected', async () => {
    await using tested = await start()
    await tested.call.keep({})
    const refusal = await Promise.resolve(seen.kept?.()).catch((error: unknown) => error)
    // Prisma itself rejects it; Drizzle wraps the reason.
    expect(inspect(refusal)).toMatch(/db-used-after-call|committed transaction/)
    expect(await authorsOf(tested)).toEqual([])
  })

  test('an uncaught error is logged with the message of Postgres', async () => {
    await using tested = await start()
    await tested.call.addAuthor({ id: 1, name: 'Ann' })
    expect((await tested.send('addAuthor', { id: 2, name: 'Ann' })).status).toBe(500)
    expect(lines.join('\n')).toContain(
      'duplicate key value violates unique constraint \\"authors_name_unique\\"',
    )
  })

  test('values come back as they were written: null, bigint, bytes, JSON, arrays and dates', async () => {
    await using tested = await start()
    await tested.call.convert({})
    expect(toJson(seen.sample!)).toEqual(toJson(sample))
  })

  test('a job runs in one transaction', async () => {
    await using tested = await createTestService(service, { onLog: (line) => lines.push(line) })
    await tested.call.enqueueAuthor({ id: 1, name: 'Ann' })
    await until(async () => (await authorsOf(tested)).length > 0, { what: 'the job' })
    await until(
      async () => (await tested.sql("select from holdfast.all_jobs where state = 'succeeded'")).length === 1,
      {
        what: 'the end of the job',
      },
    )
    expect(await authorsOf(tested)).toEqual(['Ann', 'Ann in a step'])
  })
}
