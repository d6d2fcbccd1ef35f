import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createTestDatabase } from 'holdfast/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { commands } from './commands.ts'
import { callHoldfast, runHoldfast } from './run-holdfast.fixture.ts'

describe('help', () => {
  test('the help of all commands lists each command', async () => {
    const { exitCode, stdout, stderr } = await runHoldfast(['--help'])
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    for (const { name, summary } of commands)
      expect(stdout).toMatch(new RegExp(`^  ${name}\\b.*  ${RegExp.escape(summary)}$`, 'm'))
  })

  test('the help of a group lists the commands of the group', async () => {
    const { exitCode, stdout } = await callHoldfast(['keys', '--help'])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('  keys prune  ')
    expect(stdout).not.toContain('jobs list')
  })

  test('the help of a command shows its arguments and options', async () => {
    const { exitCode, stdout } = await callHoldfast(['jobs', 'redrive', '-h'])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('holdfast jobs redrive <name> [options]')
    expect(stdout).toMatch(/^ {2}--limit <n> {2}.*1 to 10000\. Default: 1000\.$/m)
    expect(stdout).toMatch(/^ {2}--database-url <url> {2}/m)
  })

  test('the help is printed when no command is given', async () => {
    const { exitCode, stdout, stderr } = await runHoldfast([])
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
    expect(stderr).toContain('jobs list')
  })
})

test('the version of the command line is that of the package', async () => {
  expect(await runHoldfast(['--version'])).toMatchObject({ exitCode: 0, stdout: '0.0.0\n' })
})

test.each([
  [
    ['foo'],
    'Unknown command "foo"; use one of: jobs, messages, keys, webhooks, subjects, trail, access, cursors, secrets, tenants, db.',
  ],
  [['jobs'], 'Missing subcommand; use one of: jobs list, jobs show'],
  [['jobs', 'show'], 'Missing argument: <id>.'],
  [['jobs', 'show', 'a', 'b'], '"b" is an unexpected argument.'],
  [['jobs', 'list', '--nope'], "Unknown option '--nope'."],
  [['jobs', 'list', '--name'], "'--name <value>' argument missing."],
  [['jobs', 'list', '--limit', '1e3'], '--limit 1e3: must be an integer from 1 to 1000.'],
  [['jobs', 'list', '--state', 'dead,deed'], 'unknown value "deed"; expected scheduled'],
  [['messages', 'list', '--since', '2026-01-31T10:00'], 'a time with its offset'],
  [['messages', 'rewind', 'out'], 'Pass either --to or --since.'],
  [['messages', 'rewind', 'out', '--to', '1', '--since', '1h'], 'Pass either --to or --since.'],
  [['messages', 'rewind', 'out', '--to', 'x'], '--to x: must be a position'],
  [
    ['keys', 'prune'],
    '--older-than is required: the min age of the keys to delete, such as --older-than 30d.',
  ],
  [['keys', 'prune', '--older-than', '6d'], 'which would then run twice. Pass --force'],
  [['keys', 'prune', '--older-than', '0d'], 'a duration above zero'],
  [['jobs', 'list', '--database-url', 'http://u:secretpw@h/db'], '--database-url: expected postgres://'],
  [['jobs', 'list', '--directory', 'nowhere'], '--directory nowhere: folder not found.'],
  [['jobs', 'list', '--directory', '.', '--database-url', 'postgres://h/d'], 'Pass either --database-url or'],
  [['db', 'url', 'more'], '"more" is an unexpected argument.'],
])('the command line %j is rejected before anything is done', async (line, message) => {
  const { exitCode, stdout, stderr } = await callHoldfast(line)
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' })
  expect(stderr).toContain(message)
  expect(stderr).toMatch(/Run "holdfast.* --help" for its usage\.\n$/)
  expect(stderr).not.toContain('secretpw')
})

describe('the database', () => {
  const listed = { exitCode: 1, stderr: expect.stringContaining('are missing from this database') }

  test('the database must be configured', async () => {
    const folder = await createFolder()
    expect(await runHoldfast(['jobs', 'list'], { folder })).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(
        /DATABASE_URL is not set.*no embedded database in \/.*\.holdfast\/postgres/,
      ),
    })
  })

  test('the database is reported as unreachable, without its password', async () => {
    const { exitCode, stderr } = await runHoldfast(['jobs', 'list'], {
      databaseUrl: 'postgres://u:secretpw@127.0.0.1:1/db',
    })
    expect(exitCode).toBe(1)
    expect(stderr).toContain('Cannot connect to the database: connect ECONNREFUSED')
    expect(stderr).not.toContain('secretpw')
  })

  test('the database is taken from the option, the environment or .env', async () => {
    const database = await createTestDatabase()
    onTestFinished(() => database.drop())
    const folder = await createFolder()
    const line = ['jobs', 'list']
    expect(await runHoldfast(line, { databaseUrl: database.url, folder })).toMatchObject(listed)
    await writeFile(join(folder, '.env'), `DATABASE_URL=${database.url}\n`)
    expect(await runHoldfast(line, { folder })).toMatchObject(listed)
    const away = 'postgres://u:p@127.0.0.1:1/db'
    const given = [...line, '--database-url', database.url]
    expect(await runHoldfast(given, { databaseUrl: away, folder })).toMatchObject(listed)
  })
})

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-cli-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}
