import { createLogger, holdfast, systemClock } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestDatabase, type TestDatabase } from 'holdfast/testing'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type pg from 'pg'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { DriverClient } from '../../storage/postgres/session/driver-client.ts'
import { urlOfApplication } from '../../storage/roles/application-role.ts'
import { tenantPolicies } from './tenant-policies.ts'
import type { TenantOptions } from './tenant-options.ts'

// A service starts only if policies separate the rows of its tenants.

let database: TestDatabase
let folder: string
beforeEach(async () => {
  database = await createTestDatabase()
  folder = await mkdtemp(join(tmpdir(), 'holdfast-tenants-'))
})
afterEach(async () => {
  await database.drop()
  await rm(folder, { recursive: true })
})

const orders = 'create table orders (tenant text not null, id text primary key);'
const policies = tenantPolicies('orders')

interface Start {
  readonly mode?: 'test' | 'production'
  readonly env?: Record<string, string>
  readonly tenants?: TenantOptions
}

/** Starts a service with one migration, and stops it. Resolves to the message of a failed start. */
async function start(
  migration: string,
  { mode = 'test', env = {}, tenants = { column: 'tenant' } }: Start = {},
): Promise<string> {
  await writeFile(join(folder, '0001-tables.sql'), migration)
  const app = holdfast({ database: postgres({ migrations: folder, tenants }) })
  try {
    const running = await app.service({ name: 'shop', operations: {} }).start({
      env: { DATABASE_URL: database.url, ...env },
      mode,
      clock: systemClock,
      log: createLogger({ level: 'error', write: () => {} }),
      notify: () => {},
    })
    await running.stop()
    return 'started'
  } catch (error) {
    return `${(error as { code: string }).code}\n${(error as Error).message}`
  }
}

/** Runs SQL as the role in a URL. */
async function as(url: string, text: string): Promise<pg.QueryResult> {
  const client = new DriverClient({ connectionString: url })
  await client.connect()
  try {
    return await client.query(text)
  } finally {
    await client.end()
  }
}

/** Creates a role with its own password, and returns a URL for connecting as this role. */
async function createRole(attributes: string): Promise<{ readonly name: string; readonly url: string }> {
  const name = `role_${process.pid}_${Math.random().toString(36).slice(2)}`
  await as(database.url, `create role ${name} login password 'secret' ${attributes}`)
  const url = new URL(database.url)
  url.username = name
  url.password = 'secret'
  // A role can be dropped only after its databases, which are dropped after this test.
  onTestFinished(async () => {
    const server = new URL(database.url)
    server.pathname = '/postgres'
    await as(server.href, `drop role if exists ${name}`)
  })
  return { name, url: url.href }
}

describe('tables', () => {
  test('a table with policies is accepted', async () => {
    expect(await start(orders + policies)).toBe('started')
  })

  test.each([
    ['without policies', '', /The table public\.orders has no policies\. .* tenants policies public\.orders/],
    [
      'whose row security is off',
      `${policies} alter table orders disable row level security;`,
      /Row security is off: alter table public\.orders enable row level security;/,
    ],
    [
      'whose owner bypasses its policies',
      `${policies} alter table orders no force row level security;`,
      /owner of the table bypasses its policies: alter table public\.orders force row level security;/,
    ],
    [
      'without a policy for a command',
      `alter table orders enable row level security; alter table orders force row level security;
       create policy p on orders for select using (tenant = current_setting('holdfast.tenant', true));`,
      /public\.orders has no policy for insert, update, delete\./,
    ],
    [
      'with a policy that shows all rows',
      `${policies} create policy everything on orders for select using (true);`,
      /The policy "everything" of public\.orders does not compare/,
    ],
    [
      'with a policy that admits all new rows',
      `${policies} create policy anything on orders for insert with check (tenant is not null);`,
      /The policy "anything" of public\.orders does not compare/,
    ],
    [
      'without policies in another schema',
      `${policies} create schema more; create table more.invoices (tenant text, id int primary key);`,
      /The table more\.invoices has no policies/,
    ],
    [
      'with a partition without policies',
      `${policies} create table parts (tenant text not null, id int) partition by list (tenant);
       ${tenantPolicies('parts')} create table parts_a partition of parts for values in ('a');`,
      /The table public\.parts_a has no policies/,
    ],
  ])('a table %s is refused', async (_, more, message) => {
    expect(await start(orders + more)).toMatch(message)
  })

  test('all findings are reported at once', async () => {
    const found = await start(`${orders} create table items (tenant text, id int primary key);`)
    expect(found).toMatch(/^tenants-not-separated\n/)
    expect(found).toMatch(/public\.items[^]*public\.orders/)
  })

  test('a restrictive policy needs no tenant', async () => {
    const more = `create policy open_only on orders as restrictive using (id <> 'closed');`
    expect(await start(orders + policies + more)).toBe('started')
  })

  test('a command that the role may not run needs no policy', async () => {
    const trail = `create table trail (tenant text not null, id int primary key);
      ${tenantPolicies('trail')}
      drop policy tenant_rows on trail;
      create policy reads on trail for select using (tenant = current_setting('holdfast.tenant', true));
      create policy inserts on trail for insert with check (tenant = current_setting('holdfast.tenant', true));
      revoke update, delete on trail from holdfast_application;`
    expect(await start(trail)).toBe('started')
  })

  test('a table that is exempt, or that the role may not use, needs no policies', async () => {
    const more = `create table audit (tenant text, id int primary key);
      create table secret (tenant text, id int primary key);
      revoke all on secret from holdfast_application;`
    expect(await start(orders + policies + more)).toMatch(/public\.audit has no policies/)
    const tenants = { column: 'tenant', exempt: ['public.audit'] }
    expect(await start(orders + policies + more, { tenants })).toBe('started')
  })

  test('a column that no table has is refused', async () => {
    expect(await start(orders + policies, { tenants: { column: 'tennant' } })).toMatch(
      /No table that the service can use has a column "tennant"/,
    )
    expect(await start(orders + policies, { tenants: { column: '' } })).toMatch(/^configuration-invalid/)
  })
})

describe('views', () => {
  test.each([
    [
      'a view of a superuser',
      'create view v as select * from orders;',
      /alter view public\.v set \(security_/,
    ],
    [
      'a view of a view of a superuser',
      `create view v with (security_invoker = true) as select * from orders;
       create view w as select * from v;`,
      /alter view public\.w set \(security_/,
    ],
    [
      'a materialized view',
      'create materialized view m as select * from orders; grant select on m to holdfast_application;',
      /The materialized view public\.m contains rows of all tenants/,
    ],
  ])('%s is refused', async (_, more, message) => {
    expect(await start(orders + policies + more)).toMatch(message)
  })

  test('a view that reads as its caller is accepted', async () => {
    const view = 'create view v with (security_invoker = true) as select * from orders;'
    expect(await start(orders + policies + view)).toBe('started')
  })
})

describe('roles', () => {
  test('a superuser is refused in production', async () => {
    const found = await start(orders + policies, { mode: 'production' })
    expect(found).toMatch(/The role of DATABASE_URL, ".*", is a superuser or has BYPASSRLS/)
  })

  test('a role with BYPASSRLS, and a member of such a role, is refused', async () => {
    const bypassing = await createRole('bypassrls')
    const member = await createRole(`in role ${bypassing.name}`)
    for (const { name, url } of [bypassing, member]) {
      const env = { DATABASE_URL: url, DATABASE_OWNER_URL: database.url }
      const found = await start(orders + policies, { mode: 'production', env })
      expect(found).toMatch(`The role of DATABASE_URL, "${name}", is a`)
    }
  })

  test('one role may own the tables, because policies are forced', async () => {
    const owner = await createRole('')
    await as(database.url, `alter database ${new URL(database.url).pathname.slice(1)} owner to ${owner.name}`)
    const env = { DATABASE_URL: owner.url }
    expect(
      await start(`${orders} insert into orders values ('a', '1'); ${policies}`, { mode: 'production', env }),
    ).toBe('started')
    expect((await as(owner.url, 'select * from orders')).rows).toEqual([])
  })

  test('an owner migrates, and grants the other role what a service needs', async () => {
    const owner = await createRole('bypassrls')
    const application = await createRole('')
    await as(database.url, `alter database ${new URL(database.url).pathname.slice(1)} owner to ${owner.name}`)
    await as(owner.url, 'create schema old; create table old.notes (text text); create sequence old.numbers')
    const env = { DATABASE_URL: application.url, DATABASE_OWNER_URL: owner.url }
    expect(await start(orders + policies, { mode: 'production', env })).toBe('started')

    await expect(as(application.url, 'create table mine ()')).rejects.toThrow(/permission denied/)
    await expect(as(application.url, 'truncate orders')).rejects.toThrow(/permission denied/)
    await as(application.url, `insert into old.notes values ('one'); select nextval('old.numbers')`)
    await as(application.url, `set holdfast.tenant = 'a'; insert into orders (id) values ('1')`)
    expect((await as(owner.url, 'select * from orders')).rows).toEqual([{ tenant: 'a', id: '1' }])
    expect((await as(application.url, 'select * from orders')).rows).toEqual([])
  })

  test('what a migration revokes stays revoked', async () => {
    const more = 'revoke delete on orders from holdfast_application;'
    expect(await start(orders + policies + more)).toBe('started')
    expect(await start(orders + policies + more)).toBe('started')
    await expect(as(urlOfApplication(database.url).href, 'delete from orders')).rejects.toThrow(
      /permission denied/,
    )
  })

  test('a role of DATABASE_URL that does not exist is reported', async () => {
    const missing = new URL(database.url)
    missing.username = 'nobody_at_all'
    const env = { DATABASE_URL: missing.href, DATABASE_OWNER_URL: database.url }
    const found = await start(orders + policies, { mode: 'production', env })
    expect(found).toMatch(/nobody_at_all/)
  })

  test('DATABASE_OWNER_URL has to lead to the same database', async () => {
    await using other = await disposableDatabase()
    const env = { DATABASE_OWNER_URL: other.url }
    expect(await start(orders + policies, { mode: 'production', env })).toMatch(
      /^configuration-invalid\nDATABASE_OWNER_URL points to a different database/,
    )
  })

  test('processes that start at the same time create the role and its privileges once', async () => {
    expect(await Promise.all(Array.from({ length: 5 }, () => start(orders + policies)))).toEqual(
      Array.from({ length: 5 }, () => 'started'),
    )
  })
})

async function disposableDatabase(): Promise<TestDatabase & AsyncDisposable> {
  const made = await createTestDatabase()
  return { ...made, [Symbol.asyncDispose]: () => made.drop() }
}
