import { type Caller, holdfast } from 'holdfast'
import { tenantPolicies } from 'holdfast/identity'
import { postgres, sql, type SqlDatabase } from 'holdfast/postgres'
import { createTestService, type TestService } from 'holdfast/testing'
import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'

// A handler without a `where` reads and changes only rows of the caller's tenant.

const migrations = new URL('./tenants.fixture/', import.meta.url)
const app = holdfast({
  database: postgres({
    migrations,
    tenants: { column: 'tenant' },
    connections: { reads: 1, writes: 1, jobs: 1 },
  }),
  async identify({ header, db }) {
    const person = header('x-person')
    if (person !== undefined) {
      const [member] = await db.query<{ tenant: string }>(
        sql`select tenant from members where person = ${person}`,
      )
      return { kind: 'user', id: person, ...(member ? { tenant: member.tenant } : {}) }
    }
    const tenant = header('x-tenant')
    return tenant === undefined ? undefined : { kind: 'service', id: 'test', tenant }
  },
})

type Act = (db: SqlDatabase, caller: Caller) => Promise<unknown>
let act: Act
const operation = {
  access: app.access('rows()', async ({ caller, db }) => {
    seenByRule = await rowsOf(db)
    return caller
  }),
  output: z.object({ json: z.string() }),
  budget: 20,
  async run({ db, caller }: { db: SqlDatabase; caller: Caller }) {
    return { json: JSON.stringify((await act(db, caller)) ?? null) }
  },
} as const
let seenByRule: unknown
const operations = {
  read: app.query({ ...operation, route: 'GET /read' }),
  write: app.mutation({ ...operation, route: 'POST /write' }),
  strict: app.mutation({ ...operation, route: 'POST /strict', isolation: 'serializable' }),
}

let on: TestService<typeof operations>
beforeAll(async () => {
  on = await createTestService(app.service({ name: 'shop', operations }), { onLog: () => {} })
})
afterAll(() => on.stop())
beforeEach(() => {
  seenByRule = undefined
})

type Name = keyof typeof operations

async function as(tenant: string | undefined, what: Act, name: Name = 'read'): Promise<unknown> {
  act = what
  const headers: Record<string, string> = tenant === undefined ? {} : { 'x-tenant': tenant }
  const { json } = await on.call[name]({}, { headers })
  return JSON.parse(json) as unknown
}

async function rowsOf(db: SqlDatabase): Promise<unknown> {
  const rows = await db.query<{ row: string }>(sql`
    select 'order ' || id as row from orders union all
    select 'item ' || name from items union all
    select 'member ' || person from members union all
    select 'view ' || name from order_items union all
    select 'currency ' || code from currencies
    order by 1 limit 100`)
  return rows.map(({ row }) => row)
}

const everything = (db: SqlDatabase): Promise<unknown> => rowsOf(db)
const ofAcme = ['currency EUR', 'item anvil', 'member ann', 'order a1', 'order a2', 'view anvil']
const ofBolt = ['currency EUR', 'item bolts', 'member bob', 'order b1', 'view bolts']
const ofNone = ['currency EUR']
const kinds: readonly Name[] = ['read', 'write', 'strict']

describe.each(kinds)('in a handler of the kind %s', (kind) => {
  test('a statement without a where sees the rows of the tenant', async () => {
    expect(await as('acme', everything, kind)).toEqual(ofAcme)
    expect(await as('bolt', everything, kind)).toEqual(ofBolt)
  })

  test('without a tenant, there are no rows, even after a call with a tenant on the same connection', async () => {
    expect(await as('acme', everything, kind)).toEqual(ofAcme)
    expect(await as(undefined, everything, kind)).toEqual(ofNone)
    expect(await as('nobody', everything, kind)).toEqual(ofNone)
  })

  test('the setting does not outlive a failed statement', async () => {
    const failing: Act = (db) => db.query(sql`select 1 / 0`)
    await expect(as('acme', failing, kind)).rejects.toMatchObject({ status: 500 })
    expect(await as(undefined, everything, kind)).toEqual(ofNone)
  })

  test('statements that run at the same time see the rows of their own tenant', async () => {
    act = everything
    const callers = Array.from({ length: 12 }, (_, index) => (index % 2 === 0 ? 'acme' : 'bolt'))
    const seen = await Promise.all(
      callers.map(async (tenant) => (await on.call[kind]({}, { headers: { 'x-tenant': tenant } })).json),
    )
    expect(seen.map((json) => JSON.parse(json) as unknown)).toEqual(
      callers.map((tenant) => (tenant === 'acme' ? ofAcme : ofBolt)),
    )
  })
})

describe('writes', () => {
  test('an update and a delete without a where change only rows of the tenant', async () => {
    await as('acme', (db) => db.query(sql`update orders set total = 100`), 'write')
    await as('acme', (db) => db.query(sql`delete from items`), 'write')
    expect(await on.sql('select id, total from orders order by id')).toEqual([
      { id: 'a1', total: 100 },
      { id: 'a2', total: 100 },
      { id: 'b1', total: 3 },
    ])
    expect(await on.sql('select name from items')).toEqual([{ name: 'bolts' }])
    await on.sql(`insert into items values ('acme', 'a1', 'anvil')`)
  })

  test('an insert without a tenant stores the tenant of the caller', async () => {
    await as('acme', (db) => db.query(sql`insert into orders (id) values ('a3')`), 'write')
    expect(await on.sql(`delete from orders where id = 'a3' returning tenant`)).toEqual([{ tenant: 'acme' }])
  })

  test.each([
    ['an insert for another tenant', sql`insert into orders (tenant, id) values ('bolt', 'x')`],
    ['an update that moves a row to another tenant', sql`update orders set tenant = 'bolt' where id = 'a2'`],
  ])('%s is refused', async (_, statement) => {
    await expect(as('acme', (db) => db.query(statement), 'write')).rejects.toMatchObject({ status: 500 })
    expect(await on.sql(`select count(*)::int from orders where tenant = 'bolt'`)).toEqual([{ count: 1 }])
  })

  test('an insert without a tenant of the caller is refused', async () => {
    const insert: Act = (db) => db.query(sql`insert into orders (tenant, id) values ('acme', 'x')`)
    await expect(as(undefined, insert, 'write')).rejects.toMatchObject({ status: 500 })
  })

  test('a rerun of a mutation has the tenant again', async () => {
    let runs = 0
    const seen: unknown[] = []
    await as(
      'acme',
      async (db) => {
        runs += 1
        seen.push(await rowsOf(db))
        if (runs === 1)
          await db.query(sql`do $$ begin raise exception 'again' using errcode = '40001'; end $$`)
      },
      'write',
    )
    expect(seen).toEqual([ofAcme, ofAcme])
  })

  test('the tenant survives a rollback to a savepoint', async () => {
    const seen = await as(
      'acme',
      async (db) => {
        await db.query(sql`savepoint part`)
        await db.query(sql`delete from items`)
        await db.query(sql`rollback to savepoint part`)
        return rowsOf(db)
      },
      'write',
    )
    expect(seen).toEqual(ofAcme)
  })
})

describe('identifiers and access rules', () => {
  test('an identifier reads the members of all tenants, before the tenant is known', async () => {
    act = everything
    const { json } = await on.call.read({}, { headers: { 'x-person': 'bob' } })
    expect(JSON.parse(json)).toEqual(ofBolt)
  })

  test('a rule reads the members of all tenants, and the other rows of the tenant', async () => {
    await as('acme', everything)
    expect(seenByRule).toEqual([...ofAcme.slice(0, 3), 'member bob', ...ofAcme.slice(3)])
    await as(undefined, everything)
    expect(seenByRule).toEqual(['currency EUR', 'member ann', 'member bob'])
  })
})

test('a tenant is a value, and never a part of a statement', async () => {
  const tenant = `acme', true); drop table orders; --`
  expect(
    await as(tenant, (db) => db.query(sql`select current_setting('holdfast.tenant') as tenant`)),
  ).toEqual([{ tenant }])
})

test('the policies of the fixture are those that tenantPolicies returns', async () => {
  const written = await readFile(new URL('0002-policies.sql', migrations), 'utf8')
  const returned = [
    tenantPolicies('orders'),
    tenantPolicies('items'),
    tenantPolicies('members', { isReadAtAdmission: true }),
  ]
  const statementsOf = (text: string): string => text.replaceAll(/^--.*$|\n(?=\n)/gm, '').trim()
  expect(statementsOf(written)).toBe(statementsOf(returned.join('\n')))
})

test('a caller with an empty tenant is invalid', async () => {
  await expect(as('', everything)).rejects.toMatchObject({ status: 500 })
})
