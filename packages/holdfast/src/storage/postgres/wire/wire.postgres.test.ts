import { createLogger } from 'holdfast'
import { createTestDatabase, type TestDatabase, until } from 'holdfast/testing'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemWork } from '../../../kernel/host/work.ts'
import { createPool, type Pool } from '../pool/pool.ts'
import type { Connection } from '../session/connection.ts'
import { connectClient } from '../session/connect-client.ts'
import { type DriverClient } from '../session/driver-client.ts'

// The same tests for both implementations of the protocol, compared with a plain connection of the
// driver.

const log = createLogger({ level: 'error', write: () => {} })
let database: TestDatabase
let driver: DriverClient
beforeAll(async () => {
  database = await createTestDatabase()
  driver = await connectClient({ connectionString: database.url, applicationName: 'driver' })
})
afterAll(async () => {
  await driver.end()
  await database.drop()
})

const values = `
  select null::int as nothing, 7::int2 as int2, -8::int4 as int4, 9007199254740993::int8 as int8, 1.50::numeric as numeric,
    0.1::float8 as float8, 'NaN'::float4 as float4, true as yes, false as no, 'ü😀'::text as text, ''::text as empty,
    'a'::"char" as char, 'x'::name as name, '\\x00ff'::bytea as bytes, '{"a":[1,null]}'::json as json, '[1]'::jsonb as jsonb,
    date '2026-01-02' as date, timestamp '2026-01-02 03:04:05.678' as timestamp,
    timestamptz '2026-01-02 03:04:05.678+02' as instant, time '01:02' as time, interval '1 day 2 hours' as interval,
    '{1,2,null}'::int[] as ints, '{"a b",null,"c\\"d"}'::text[] as texts, '{{1,2},{3,4}}'::numeric[] as matrix,
    gen_random_uuid() is not null as uuid, int4range(1, 5) as range, point(1, 2) as point, '10.0.0.1'::inet as inet,
    row(1, 'a') as record, 1 as twice, 2 as twice, 3 as "0"`

describe.each(['holdfast', 'pg'] as const)('the wire of %s', (wire) => {
  let pool: Pool
  let connection: Connection
  beforeAll(async () => {
    pool = createPool({ connectionString: database.url, applicationName: `wire ${wire}`, log, wire })
    connection = await pool.acquire(systemWork(AbortSignal.timeout(600_000)))
  })
  afterAll(async () => {
    connection.release()
    await pool.end()
  })

  const query = (text: string, given: unknown[] = [], more: object = {}) =>
    connection.query({ text, values: given, queryMode: 'extended', ...more })

  test.each([{}, { rowMode: 'array' }, { types: { getTypeParser: () => (text: string) => `<${text}>` } }])(
    'reads all types as the driver does (%j)',
    async (more) => {
      const expected = await driver.query({ text: values, ...more } as pg.QueryConfig)
      // The third time, the statement is prepared and described.
      for (let time = 0; time < 3; time += 1) {
        const result = await query(values, [], more)
        expect(result.rows).toEqual(expected.rows)
        expect(result.fields.map((field) => ({ ...field }))).toEqual(
          expected.fields.map((field) => ({ ...field })),
        )
        expect(result).toMatchObject({ command: 'SELECT', rowCount: 1, oid: null })
      }
    },
  )

  test('respects parsers that are replaced later', async () => {
    const text = 'select 1::int8 as one'
    for (let time = 0; time < 3; time += 1) await query(text)
    const parser = pg.types.getTypeParser(20) as (text: string) => unknown
    pg.types.setTypeParser(20, (number) => BigInt(number))
    try {
      expect((await query(text)).rows).toEqual([{ one: 1n }])
    } finally {
      pg.types.setTypeParser(20, parser as never)
    }
  })

  test('sends values as the driver does', async () => {
    const given = [
      null, 'ü😀\\', 7, 1.5, true, 12n, new Date(0), Buffer.from([0, 255]), [1, null, 2], ['a"b', null], { a: [1] }, '',
    ] // prettier-ignore
    const types = [
      'text', 'text', 'int', 'numeric', 'bool', 'int8', 'timestamptz', 'bytea', 'int[]', 'text[]', 'jsonb', 'text',
    ] // prettier-ignore
    const text = `select ${types.map((type, index) => `$${index + 1}::${type} as "v${index}"`).join(', ')}`
    const { rows } = await driver.query(text, given)
    for (let time = 0; time < 3; time += 1) expect((await query(text, given)).rows).toEqual(rows)
  })

  test.each([0, 1, 1_000, 100_000, 5_000_000])('sends and reads texts of %i characters', async (length) => {
    const text = 'ü'.repeat(length)
    expect(
      (await query('select $1::text as text, $2::bytea as bytes', [text, Buffer.from(text)])).rows,
    ).toEqual([{ text, bytes: Buffer.from(text) }])
  })

  test('reads many rows', async () => {
    const { rows, rowCount } = await query(
      'select n, repeat(chr(97 + n % 26), n % 500) as text from generate_series(1, 20000) n',
    )
    expect(rowCount).toBe(20_000)
    expect(rows.every(({ n, text }) => text === String.fromCharCode(97 + (n % 26)).repeat(n % 500))).toBe(
      true,
    )
  })

  test.each([
    ['select 1 / 0', []],
    ['select $1::int', ['x']],
    ['select nothing from nowhere', []],
    ['selec', []],
    [
      "do $$ begin raise exception 'no' using detail = 'd', hint = 'h', table = 't', column = 'c', schema = 's', constraint = 'n', datatype = 'y'; end $$",
      [],
    ],
  ] as const)('fails as the driver does: %s', async (text, given) => {
    const fieldsOf = (error: object) => ({ ...error, message: (error as Error).message, length: undefined })
    const expected = await driver.query(text, [...given]).catch((error: object) => error)
    const error = await query(text, [...given]).catch((failure: object) => failure)
    expect(fieldsOf(error as object)).toEqual(fieldsOf(expected as object))
    expect(error).toBeInstanceOf(pg.DatabaseError)
    expect((await query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  test('statements that run at the same time get their own results', async () => {
    const numbers = Array.from({ length: 200 }, (_each, index) => index)
    const results = await Promise.all(
      numbers.map((number) =>
        number % 7 === 0
          ? query('select 1 / 0').catch(({ code }: { code: string }) => code)
          : query('select $1::int as n', [number]).then(({ rows }) => rows[0]!['n'] as number),
      ),
    )
    expect(results).toEqual(numbers.map((number) => (number % 7 === 0 ? '22012' : number)))
  })

  test('a text with several statements returns the result of the last one', async () => {
    const run = (text: string) => connection.run({ text })
    expect((await run('select 1 as a; select 2 as b')).rows).toEqual([{ b: 2 }])
    expect((await run('select 1 as a; select 2 as b where false')).rows).toEqual([])
    expect(await run('select 1 as a; reset work_mem')).toMatchObject({ command: 'RESET', rows: [] })
    await expect(run('select 1; select 1 / 0; select 2')).rejects.toMatchObject({ code: '22012' })
    expect((await run('select 1 as a')).rows).toEqual([{ a: 1 }])
  })

  test.each(['copy (select 1) to stdout', 'copy t from stdin'])('refuses COPY: %s', async (text) => {
    const other = await pool.acquire(systemWork(AbortSignal.timeout(600_000)))
    await other.run({ text: 'create temporary table if not exists t (id int)' })
    const refused = await other.run({ text }).catch((error: unknown) => error)
    other.release()
    expect(refused).toMatchObject({ code: 'copy-refused' })
    expect((await query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  test('refuses the rows of a binary cursor, and continues', async () => {
    await connection.run({ text: 'BEGIN' })
    await connection.run({ text: 'declare c binary cursor for select 1 as a, 2.5 as b' })
    await expect(connection.run({ text: 'fetch all from c' })).rejects.toMatchObject({
      code: 'statement-invalid',
    })
    await connection.run({ text: 'ROLLBACK' })
    expect((await query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  test('reads the columns of each cursor, even if FETCH has a name', async () => {
    await connection.run({ text: 'BEGIN' })
    for (const columns of ['1 as a', '2 as b', `'x' as c, 3 as d`, '4 as e']) {
      await connection.run({ text: `declare c cursor for select ${columns}` })
      const { rows } = await connection.query({ text: 'fetch all from c', name: 'fetch' })
      expect(rows).toEqual((await driver.query(`select ${columns}`)).rows)
      await connection.run({ text: 'close c' })
    }
    await connection.run({ text: 'ROLLBACK' })
  })

  test('the columns of a prepared statement cannot be changed through a result', async () => {
    for (let time = 0; time < 3; time += 1) {
      const { fields } = await connection.query({ text: 'select 1 as one', name: 'one' })
      expect(fields.map(({ name }) => name)).toEqual(['one'])
      expect(() => fields.pop()).toThrow(TypeError)
    }
  })

  test('a statement that the session has forgotten fails as unknown', async () => {
    const named = { text: 'select 1 as one', name: 'forgotten' }
    const other = await pool.acquire(systemWork(AbortSignal.timeout(600_000)))
    await other.query(named)
    await other.run({ text: 'deallocate all' })
    const unknown = await other.query(named).catch((error: unknown) => error)
    other.release()
    expect(unknown).toMatchObject({ code: '26000' })
    const next = await pool.acquire(systemWork(AbortSignal.timeout(600_000)))
    expect((await next.query(named)).rows).toEqual([{ one: 1 }])
    next.release()
  })

  test('accepts as many parameters as the protocol allows', async () => {
    const values = Array.from({ length: 65_535 }, (_each, index) => index)
    const list = values.map((index) => `($${index + 1}::int)`).join(', ')
    const { rows } = await query(
      `select count(*)::int, sum(n)::int8 as sum from (values ${list}) as v(n)`,
      values,
    )
    expect(rows).toEqual([{ count: 65_535, sum: String((65_534 * 65_535) / 2) }])
  })

  test('a text with U+0000 is refused by the server', async () => {
    await expect(query('select $1::text as text', ['a\0b'])).rejects.toMatchObject({ code: '22021' })
    expect((await query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  test('notices are not part of a result', async () => {
    await query("do $$ begin for n in 1..50 loop raise notice 'note %', n; end loop; end $$")
    expect((await query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  test('reports the status of the transaction', async () => {
    expect(connection.transactionStatus).toBe('I')
    await connection.run({ text: 'BEGIN' })
    expect(connection.transactionStatus).toBe('T')
    await expect(query('select 1 / 0')).rejects.toMatchObject({ code: '22012' })
    await connection.rollBack()
    expect(connection.transactionStatus).toBe('I')
  })

  test('a running statement can be interrupted', async () => {
    const sleeping = query('select pg_sleep(600)').catch(({ code }: { code: string }) => code)
    // An attempt to interrupt times out quickly, so a busy machine may need several attempts.
    await until(() => connection.interrupt())
    expect(await sleeping).toBe('57014')
    expect((await query('select 1 as one')).rows).toEqual([{ one: 1 }])
  })

  test.each([
    ['is terminated', true, [{ reason: { code: '57P01' } }, { status: 'rejected' }]],
    ['is idle when it is terminated', false, [{ status: 'fulfilled' }, { status: 'fulfilled' }]],
  ])('a session that %s fails its statements, and is not used again', async (_what, isBusy, outcome) => {
    const other = await pool.acquire(systemWork(AbortSignal.timeout(600_000)))
    const { rows } = await other.run<{ pid: number }>({ text: 'select pg_backend_pid() as pid' })
    const pid = rows[0]!.pid
    const sleeping = isBusy ? other.run({ text: 'select pg_sleep(600)' }) : undefined
    const behind = isBusy ? other.run({ text: 'select 1' }) : undefined
    const outcomes = Promise.allSettled([sleeping, behind])
    await until(async () => {
      await driver.query('select pg_terminate_backend($1)', [pid])
      const { rowCount } = await driver.query('select from pg_stat_activity where pid = $1', [pid])
      return rowCount === 0
    })
    const failed = await outcomes
    expect(failed).toMatchObject(outcome)
    await expect(other.run({ text: 'select 1' })).rejects.toBeInstanceOf(Error)
    other.release()
    const next = await pool.acquire(systemWork(AbortSignal.timeout(600_000)))
    expect((await next.run({ text: 'select 1 as one' })).rows).toEqual([{ one: 1 }])
    next.release()
  })
})
