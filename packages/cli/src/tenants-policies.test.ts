import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tenantPolicies } from 'holdfast/identity'
import { expect, onTestFinished, test } from 'vitest'
import { callHoldfast } from './run-holdfast.fixture.ts'

// These commands need no database.

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-cli-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

test('the policies of a table are printed', async () => {
  const { exitCode, stdout } = await callHoldfast([
    'tenants',
    'policies',
    'shop.orders',
    '--column',
    'customer',
  ])
  expect(exitCode).toBe(0)
  expect(stdout).toBe(tenantPolicies('shop.orders', { column: 'customer' }))
})

test('the policies of a table are written as the next migration', async () => {
  const folder = await createFolder()
  await writeFile(join(folder, '0009-orders.sql'), '')
  await writeFile(join(folder, 'notes.md'), '')
  const line = ['tenants', 'policies', 'api_keys', '--migrations', folder, '--at-admission', '--type', 'uuid']
  const file = join(folder, '0010-api_keys-tenants.sql')
  expect(await callHoldfast(line)).toMatchObject({ exitCode: 0, stdout: `Wrote ${file}.\n` })
  const sql = await readFile(file, 'utf8')
  expect(sql).toBe(tenantPolicies('api_keys', { type: 'uuid', isReadAtAdmission: true }))
  expect(sql).toContain(`nullif(current_setting('holdfast.tenant', true), '')::uuid`)
  expect(sql).toContain('create policy admission_rows on api_keys for select')
})

test('the first migration of a folder has the number 0001', async () => {
  const folder = await createFolder()
  const { stdout } = await callHoldfast(['tenants', 'policies', 'orders', '--migrations', folder, '--json'])
  expect(JSON.parse(stdout)).toMatchObject({ file: join(folder, '0001-orders-tenants.sql') })
})

test.each([['orders; drop table orders'], ['a.b.c'], ['"Orders"']])(
  'a name that is not a plain SQL name is refused: %s',
  async (table) => {
    const { exitCode, stderr } = await callHoldfast(['tenants', 'policies', table])
    expect(exitCode).toBe(1)
    expect(stderr).toContain('is not a plain SQL name')
  },
)
