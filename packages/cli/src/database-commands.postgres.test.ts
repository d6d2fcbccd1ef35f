import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type EmbeddedPostgres, startEmbeddedPostgres } from 'holdfast/embedded'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { runHoldfast } from './run-holdfast.fixture.ts'

const password = 'p@ss/w%rd'
const databaseUrl = `postgres://ann:${encodeURIComponent(password)}@db.test:5433/books`

describe('the address of the database', () => {
  test('the address of the database is printed without its password, unless --show-password is passed', async () => {
    const { exitCode, stdout, stderr } = await runHoldfast(['db', 'url'], { databaseUrl })
    expect([exitCode, stdout]).toEqual([0, 'postgres://ann@db.test:5433/books\n'])
    expect(stderr).toContain('holdfast db url --show-password')
    const shown = await runHoldfast(['db', 'url', '--show-password'], { databaseUrl })
    expect(shown).toEqual({ exitCode: 0, stdout: `${databaseUrl}\n`, stderr: '' })
  })

  test('the address of the database is printed as JSON', async () => {
    const { stdout } = await runHoldfast(['db', 'url', '--json'], {
      databaseUrl: 'postgres://db.test/books?password=hunter2&sslmode=require',
    })
    expect(JSON.parse(stdout)).toEqual({
      url: 'postgres://db.test/books?sslmode=require',
      embedded: false,
    })
  })
})

test.each([
  'postgres://ann:pw@/books?host=/run/pg&port=5433',
  'postgres://ann:pw@%2Frun%2Fpg/books?port=5433',
  'socket://ann:pw@/run/pg?db=books&port=5433',
])('the address of a database on a Unix socket is printed in a form that psql accepts: %s', async (url) => {
  const { exitCode, stdout } = await runHoldfast(['db', 'url', '--database-url', url])
  expect(exitCode).toBe(0)
  const printed = new URL(stdout.trimEnd())
  expect([printed.username, printed.password, printed.pathname]).toEqual(['ann', '', '/books'])
  expect(Object.fromEntries(printed.searchParams)).toEqual({ host: '/run/pg', port: '5433' })
})

describe('psql', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-psql-'))
    await writeFile(
      join(folder, 'psql'),
      `#!/bin/sh\nfor argument in "$@"; do echo "[$argument]"; done\necho "password: $PGPASSWORD"\nexit 3\n`,
    )
    await chmod(join(folder, 'psql'), 0o755)
  })
  afterAll(() => rm(folder, { recursive: true }))

  test('psql is opened with the arguments after the dashes, and the password only in its environment', async () => {
    const run = await runHoldfast(['db', 'psql', '--', '-c', 'select 1'], {
      databaseUrl,
      env: { PATH: `${folder}${delimiter}${process.env['PATH']}` },
    })
    expect(run).toEqual({
      exitCode: 3,
      stdout: `[--dbname]\n[postgres://ann@db.test:5433/books]\n[-c]\n[select 1]\npassword: ${password}\n`,
      stderr: '',
    })
  })

  test('a missing psql is reported without the password', async () => {
    const { exitCode, stdout, stderr } = await runHoldfast(['db', 'psql'], {
      databaseUrl,
      env: { PATH: '/nowhere' },
    })
    expect([exitCode, stdout]).toEqual([1, ''])
    expect(stderr).toContain('psql is not installed or not in the PATH.')
    expect(stderr).toContain('(psql-missing)')
    expect(stderr).not.toContain('w%25rd')
  })
})

describe('the embedded database', () => {
  let folder: string
  let server: EmbeddedPostgres
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-folder-'))
    await chmod(folder, 0o755)
    server = await startEmbeddedPostgres({
      directory: join(folder, '.holdfast', 'postgres'),
      settings: { fsync: 'off' },
    })
  })
  afterAll(async () => {
    await server.stop()
    await rm(folder, { recursive: true })
  })

  const reached = { exitCode: 1, stderr: expect.stringContaining('are missing from this database') }

  test('the embedded database is found in the folder of the service while it runs, and started if it does not run', async () => {
    const shown = await runHoldfast(['db', 'url', '--show-password'], { folder })
    expect(shown).toEqual({ exitCode: 0, stdout: `${server.url}\n`, stderr: '' })
    const overTcp = await runHoldfast(['db', 'url', '--tcp', '--show-password'], { folder })
    expect(overTcp.stdout).toBe(`${server.tcpUrl}\n`)
    expect(await runHoldfast(['jobs', 'list'], { folder })).toMatchObject(reached)
    await server.stop()
    expect(await runHoldfast(['jobs', 'list'], { folder })).toMatchObject(reached)
    expect(
      await runHoldfast(['jobs', 'list', '--directory', join(folder, '.holdfast', 'postgres')]),
    ).toMatchObject(reached)
  })

  test('the embedded database is not used in production, nor if DATABASE_URL names another database', async () => {
    const production = await runHoldfast(['db', 'url'], { folder, env: { NODE_ENV: 'production' } })
    expect(production).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('DATABASE_URL is not set'),
    })
    const { stdout } = await runHoldfast(['db', 'url'], { folder, databaseUrl })
    expect(stdout).toContain('db.test')
  })
})
