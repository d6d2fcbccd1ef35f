import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger, holdfast, type Mode, systemClock } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestDatabase, type TestDatabase, until } from 'holdfast/testing'
import type pg from 'pg'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { describeEvent, type MigrationEvent } from './event.ts'
import { migrate, type MigrateOptions, type MigrationReport } from './migrate.ts'
import type { Migration } from './migration.ts'
import { readMigrations } from './read-migrations.ts'
import { DriverClient } from '../postgres/session/driver-client.ts'
import { bundleProgram } from '../../../test/bundle-program.ts'

let database: TestDatabase
let client: pg.Client
let folder: string

beforeEach(async () => {
  database = await createTestDatabase()
  client = new DriverClient({ connectionString: database.url })
  await client.connect()
  folder = await mkdtemp(join(tmpdir(), 'holdfast-migrations-'))
})

afterEach(async () => {
  await client.end()
  await database.drop()
  await rm(folder, { recursive: true })
})

const apply = (
  migrations: readonly Migration[],
  options: Partial<MigrateOptions> = {},
): Promise<MigrationReport> =>
  migrate({ connectionString: database.url, migrations: [{ owner: 'app', migrations }], ...options })

const journal = async (): Promise<readonly string[]> => {
  const { rows } = await client.query<{ name: string }>('select name from holdfast.migrations order by name')
  return rows.map(({ name }) => name)
}

const failure = async (work: Promise<unknown>): Promise<{ code: string; message: string }> =>
  work.then(
    () => ({ code: 'none', message: '' }),
    (error: { code: string; message: string }) => error,
  )

const table: Migration = { name: '0001-table', sql: 'create table things (id int primary key, name text);' }

describe('applying', () => {
  test('applying runs each migration once, in order, and records it', async () => {
    const second: Migration = {
      name: '0002-rows',
      sql: `insert into things values (1, 'a;b'); -- a ; in a comment\ninsert into things values (2, $$;$$)`,
    }
    const first = await apply([table, second])
    expect(first.applied.map(({ name }) => name)).toEqual(['0001-table', '0002-rows'])
    const again = await apply([table, second])
    expect(again).toEqual({ applied: [], appliedBefore: 2 })
    expect((await client.query('select id from things order by id')).rows).toEqual([{ id: 1 }, { id: 2 }])
  })

  test('ten processes at once apply each migration once', async () => {
    await writeFile(
      join(folder, '0001-counter.sql'),
      'create table counter (n int); insert into counter values (0);',
    )
    for (const number of ['0002', '0003', '0004']) {
      await writeFile(
        join(folder, `${number}-count.sql`),
        'update counter set n = n + 1; select pg_sleep(0.05);',
      )
    }
    const results = await Promise.all(Array.from({ length: 10 }, () => startProcess().finished))
    expect(results.map(({ code }) => code)).toEqual(results.map(() => 0))
    expect(results.flatMap(({ output }) => JSON.parse(output) as string[]).toSorted()).toEqual([
      '0001-counter',
      '0002-count',
      '0003-count',
      '0004-count',
    ])
    expect((await client.query('select n from counter')).rows).toEqual([{ n: 3 }])
  })

  test('another process continues applying if the first is killed', async () => {
    await writeFile(
      join(folder, '0001-held.sql'),
      'create table held (n int); select pg_advisory_xact_lock(7); insert into held values (1);',
    )
    await client.query('select pg_advisory_lock(7)')
    const killed = startProcess()
    await until(async () => {
      const { rows } = await client.query(`select from pg_locks where locktype = 'advisory' and not granted`)
      return rows.length === 1
    })
    const waiting = startProcess()
    killed.kill()
    await killed.finished
    await client.query('select pg_advisory_unlock(7)')
    const { code, output } = await waiting.finished
    expect([code, output]).toEqual([0, '["0001-held"]'])
    expect((await client.query('select n from held')).rows).toEqual([{ n: 1 }])
  })

  test('applying reports migrations that were merged late, and migrations that only a newer version contains', async () => {
    const third: Migration = { name: '0003-third', sql: 'select 1' }
    await apply([table, third])
    const events: MigrationEvent[] = []
    const report = await apply([table, { name: '0002-late', sql: 'select 2' }], {
      notify: (event) => events.push(event),
    })
    expect(report.applied.map(({ name }) => name)).toEqual(['0002-late'])
    expect(events.map(describeEvent)).toEqual([
      'Migration app/0002-late is out of order: 0003-third has already been applied.',
      'The database has the migration app/0003-third, which is unknown to this version of the program.',
      expect.stringContaining('Applied the migration app/0002-late'),
    ])
  })
})

describe('edited migrations', () => {
  test('all edited migrations are rejected at once, and nothing is applied', async () => {
    await apply([table, { name: '0002-rows', sql: 'select 1' }])
    const edited = [
      { ...table, sql: `${table.sql} ` },
      { name: '0002-rows', sql: 'select 2' },
      { name: '0003-new', sql: 'create table news (id int)' },
    ]
    const { code, message } = await failure(apply(edited))
    expect(code).toBe('migration-edited')
    expect(message).toContain('app/0001-table')
    expect(message).toContain('app/0002-rows')
    expect(await journal()).toEqual(['0001-table', '0002-rows'])
  })

  test('an edited migration is reported with a way to start over, only in development', async () => {
    const start = async (mode: Mode): Promise<string> => {
      const service = holdfast({ database: postgres({ url: database.url, migrations: folder }) }).service({
        name: 'edited',
        operations: {},
      })
      const log = createLogger({ level: 'error', write: () => {} })
      const running = service.start({ env: {}, mode, clock: systemClock, log, notify: () => {} })
      return running.then(
        async (one) => `${(await one.stop()) ?? 'started'}`,
        (error: Error) => error.message,
      )
    }
    await writeFile(join(folder, '0001-a.sql'), 'select 1')
    expect(await start('development')).toBe('started')
    await writeFile(join(folder, '0001-a.sql'), 'select 2')
    expect(await start('development')).toContain(
      'Or, if you do not need the data of this database, start over: drop the database and create it again',
    )
    for (const mode of ['test', 'production'] as const) {
      const message = await start(mode)
      expect(message).toContain('app/0001-a: applied as')
      expect(message).not.toContain('start over')
    }
  })

  test('a change of line endings is not an edit of an applied migration', async () => {
    await apply([{ name: '0001-lines', sql: 'select 1;\nselect 2;\n' }])
    expect(await failure(apply([{ name: '0001-lines', sql: 'select 1;\r\nselect 2;\r\n' }]))).toMatchObject({
      code: 'none',
    })
  })
})

describe('failing migrations', () => {
  test('a migration that fails is reported with its location, is rolled back, and does not affect earlier migrations', async () => {
    const sql = `create table more (id int);\n\n-- ä comment\ninsert into more\n  values (1, 'wröng', missing_column);\n`
    const { code, message } = await failure(apply([table, { name: '0002-wrong', sql }]))
    expect(code).toBe('migration-failed')
    expect(message).toContain('app/0002-wrong')
    expect(message).toContain(`line 5, column 23:   values (1, 'wröng', missing_column);`)
    expect(
      message
        .split('\n')
        .find((line) => line.trim() === '^')
        ?.indexOf('^'),
    ).toBe('line 5, column 23: '.length + 22)
    expect(await journal()).toEqual(['0001-table'])
    expect((await client.query(`select to_regclass('more') as more`)).rows).toEqual([{ more: null }])
  })

  test('a migration that fails to parse is found before any part of it runs', async () => {
    const { code, message } = await failure(
      apply([{ name: '0001-typo', sql: 'create table a (id int);\ncreat table b (id int);' }]),
    )
    expect(code).toBe('migration-failed')
    expect(message).toContain('line 2, column 1: creat table')
    expect((await client.query(`select to_regclass('a') as a`)).rows).toEqual([{ a: null }])
  })

  test.each(['commit', 'begin', 'rollback'])('a migration with %s is rejected', async (word) => {
    const { code, message } = await failure(
      apply([{ name: '0001-own', sql: `create table a (id int);\n${word};` }]),
    )
    expect(code).toBe('migration-ends-transaction')
    expect(message).toContain('line 2, column 1')
    expect((await client.query(`select to_regclass('a') as a`)).rows).toEqual([{ a: null }])
  })

  test('a migration that fails to get its lock is reported with the blocking sessions, and rolled back', async () => {
    await apply([table])
    const holder = new DriverClient({ connectionString: database.url, application_name: 'the holder' })
    await holder.connect()
    await holder.query('begin; select from things')
    let code = ''
    // The attempt is repeated if the check for blocking sessions came after the lock timeout.
    await until(async () => {
      const failed = await failure(
        apply([table, { name: '0002-column', sql: 'alter table things add column more int' }], {
          lockTimeoutMs: 250,
          retryMs: 0,
        }),
      )
      code = failed.code
      return failed.message.includes('the holder')
    })
    await holder.end()
    expect(code).toBe('migration-blocked')
    expect(await journal()).toEqual(['0001-table'])
  })

  test('a migration that is blocked at first gets its lock after the blocker has ended', async () => {
    await apply([table])
    const holder = new DriverClient({ connectionString: database.url, application_name: 'the holder' })
    await holder.connect()
    await holder.query('begin; select from things')
    const report = apply([table, { name: '0002-column', sql: 'alter table things add column more int' }], {
      lockTimeoutMs: 100,
      notify: (event) => {
        if (event.kind === 'blocked' && event.blockers.includes('the holder')) void holder.query('rollback')
      },
    })
    expect((await report).applied).toHaveLength(1)
    await holder.end()
  })
})

test('a migration that loses a deadlock with running transactions is retried', async () => {
  await apply([table, { name: '0002-others', sql: 'create table others (id int)' }])
  const holder = new DriverClient({ connectionString: database.url })
  await holder.connect()
  // With this timeout, the migration is the first to detect the deadlock.
  await holder.query(`begin; set local deadlock_timeout = '1h'; select from others`)
  const attempts: string[] = []
  const migrating = apply(
    [
      table,
      { name: '0002-others', sql: 'create table others (id int)' },
      {
        name: '0003-both',
        sql: 'alter table things add column more int; alter table others add column more int',
      },
    ],
    { lockTimeoutMs: 60_000, notify: ({ kind }) => void attempts.push(kind) },
  )
  await until(async () => {
    const { rows } = await client.query(
      'select from pg_locks where not granted and database = (select oid from pg_database where datname = current_database())',
    )
    return rows.length > 0
  })
  await holder.query('select from things')
  await holder.query('rollback')
  expect((await migrating).applied.map(({ name }) => name)).toEqual(['0003-both'])
  expect(attempts).toEqual(['blocked', 'applied'])
  await holder.end()
})

describe('migrations outside of a transaction', () => {
  const index: Migration = {
    name: '0002-index',
    sql: '-- holdfast: no transaction\ncreate index concurrently things_name on things (name);',
  }

  test('a migration can build an index concurrently, while others wait to migrate', async () => {
    await apply([table])
    const reports = await Promise.all(Array.from({ length: 4 }, () => apply([table, index])))
    expect(reports.map(({ applied }) => applied.length).toSorted((a, b) => a - b)).toEqual([0, 0, 0, 1])
    expect(await journal()).toEqual(['0001-table', '0002-index'])
  })

  test('a migration outside of a transaction has one statement', async () => {
    const { code, message } = await failure(apply([table, { ...index, sql: `${index.sql}\nselect 1;` }]))
    expect([code, message]).toEqual(['migration-failed', expect.stringContaining('2 statements')])
  })
})

describe('the lock', () => {
  test('the migration lock times out as configured, and the error names its holder', async () => {
    const other = new DriverClient({ connectionString: database.url, application_name: 'the other one' })
    await other.connect()
    await other.query('select pg_advisory_lock($1, $2)', [0x68_6f_6c_64, 0x6d_69_67_72])
    const { code, message } = await failure(apply([table], { lockWaitMs: 100 }))
    await other.end()
    expect(code).toBe('migration-lock-timeout')
    expect(message).toContain('the other one')
  })
})

describe('the folder', () => {
  test('a folder is read in order, and its other files are ignored', async () => {
    await writeFile(join(folder, '0002-b.sql'), 'b')
    await writeFile(join(folder, '0001-a.sql'), 'a')
    await writeFile(join(folder, 'README.md'), '')
    expect(await readMigrations(folder)).toEqual([
      { name: '0001-a', sql: 'a' },
      { name: '0002-b', sql: 'b' },
    ])
  })

  test('a folder is rejected with all its problems', async () => {
    for (const name of ['1-a.sql', '0001-B.sql', '0002-a.sql', '0002-b.sql'])
      await writeFile(join(folder, name), '')
    const { code, message } = await failure(readMigrations(folder))
    expect(code).toBe('migrations-invalid')
    for (const part of ['1-a.sql:', '0001-B.sql:', '0002-a.sql and 0002-b.sql'])
      expect(message).toContain(part)
  })

  test('a folder may contain files named by drizzle-kit, and its folder of snapshots', async () => {
    await mkdir(join(folder, 'meta'))
    const sql = 'select 1;\n--> statement-breakpoint\nselect 2;\n'
    await writeFile(join(folder, '0000_little_hercules.sql'), sql)
    expect(await readMigrations(folder)).toEqual([{ name: '0000_little_hercules', sql }])
  })

  test('a folder is rejected with each file that is not valid UTF-8, and the position', async () => {
    await writeFile(
      join(folder, '0001-latin.sql'),
      Buffer.from("insert into t\nvalues ('M\u00fcller')", 'latin1'),
    )
    await writeFile(join(folder, '0002-cut.sql'), 'select 1;\0drop table t;')
    await writeFile(join(folder, '0003-wide.sql'), Buffer.from('\ufeffselect 1', 'utf16le'))
    await writeFile(join(folder, '0004-marked.sql'), '\ufeffselect 1')
    const { code, message } = await failure(readMigrations(folder))
    expect(code).toBe('migrations-invalid')
    expect(message.split('\n').slice(1)).toEqual([
      '  - 0001-latin.sql is not valid UTF-8, at line 2, byte 11 (offset 24). Save it as UTF-8.',
      '  - 0002-cut.sql contains a NUL character, at line 1, byte 10 (offset 9). Remove it.',
      '  - 0003-wide.sql is encoded in UTF-16. Save it as UTF-8.',
    ])
  })

  test('a folder may contain files that begin with a byte order mark', async () => {
    await writeFile(join(folder, '0001-marked.sql'), '\ufeff-- holdfast: no transaction\nvacuum')
    const migrations = await readMigrations(folder)
    expect(migrations).toEqual([{ name: '0001-marked', sql: '-- holdfast: no transaction\nvacuum' }])
    expect((await apply(migrations)).applied).toHaveLength(1)
  })

  test('a missing folder is reported with its path', async () => {
    expect(await failure(readMigrations(join(folder, 'nowhere')))).toMatchObject({
      code: 'migrations-invalid',
      message: expect.stringContaining('nowhere'),
    })
  })
})

const program = await bundleProgram(new URL('./migrate-process.fixture.ts', import.meta.url))

function startProcess(): {
  readonly finished: Promise<{ readonly code: number | null; readonly output: string }>
  kill(): void
} {
  const child = spawn(process.execPath, [...program.execArgv, program.file, database.url, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return {
    finished: new Promise((resolve) => child.once('close', (code) => resolve({ code, output }))),
    kill: () => child.kill('SIGKILL'),
  }
}
