import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { createLogger, holdfast, systemClock } from 'holdfast'
import { connectClient, postgres } from 'holdfast/postgres'
import { createTestDatabase } from 'holdfast/testing'
import { expect, onTestFinished, test } from 'vitest'
import { cachedPackage } from '../../../../../checks/cached-package.ts'
import { runCommand } from '../../../../../checks/run-command.ts'

const root = resolve(import.meta.dirname, '../../../../..')

test('the files that drizzle-kit generates are applied unchanged', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-drizzle-kit-'))
  const database = await createTestDatabase()
  const client = await connectClient({ connectionString: database.url, applicationName: 'test' })
  onTestFinished(async () => {
    await client.end()
    await database.drop()
    await rm(folder, { recursive: true })
  })
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  const migrations = join(folder, 'migrations')
  const program = join(await cachedPackage('drizzle-kit', '0.31.11'), 'bin.cjs')

  const generate = async (columns: string): Promise<void> => {
    const imports = `import { integer, pgTable, text } from 'drizzle-orm/pg-core'`
    await writeFile(
      join(folder, 'schema.ts'),
      `${imports}\nexport const owners = pgTable('owners', { id: integer().primaryKey() })\n` +
        `export const pets = pgTable('pets', { id: integer().primaryKey(), ${columns} })\n`,
    )
    const options = ['--dialect=postgresql', '--schema=schema.ts', '--out=migrations']
    const { exitCode, stdout, stderr } = await runCommand(['node', program, 'generate', ...options], {
      cwd: folder,
    })
    expect(exitCode, `${stdout}\n${stderr}`).toBe(0)
  }
  const start = async (): Promise<void> => {
    const { service } = holdfast({ database: postgres({ url: database.url, migrations }) })
    const running = await service({ name: 'pets', operations: {} }).start({
      env: {},
      mode: 'production',
      clock: systemClock,
      log: createLogger({ level: 'error', write: () => {} }),
      notify: () => {},
    })
    await running.stop()
  }

  await generate('owner: integer().notNull().references(() => owners.id)')
  const [first = ''] = (await readdir(migrations)).filter((name) => name.endsWith('.sql'))
  expect(first).toMatch(/^0000_[a-z]+_[a-z_]+\.sql$/)
  expect(await readFile(join(migrations, first), 'utf8')).toContain('--> statement-breakpoint')
  await start()
  await generate('owner: integer().notNull().references(() => owners.id), name: text()')
  await start()
  await client.query(`insert into owners values (1); insert into pets (id, owner, name) values (1, 1, 'Rex')`)
  const { rows } = await client.query(
    `select name from holdfast.migrations where owner = 'app' order by name`,
  )
  expect(rows.map(({ name }) => name)).toEqual([
    first.replace('.sql', ''),
    expect.stringMatching(/^0001_[a-z]/),
  ])
})
