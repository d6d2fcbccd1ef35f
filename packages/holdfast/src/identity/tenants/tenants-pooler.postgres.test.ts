import { createLogger, holdfast, type RunningService, systemClock } from 'holdfast'
import { postgres, sql, type SqlDatabase } from 'holdfast/postgres'
import { type TestDatabase } from 'holdfast/testing'
import { createMigratedDatabase } from '../../testing/template.ts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { pgBouncerTool, pooledUrl, startPgBouncer } from '../../../test/pgbouncer.ts'
import type { TestServer } from '../../../test/test-server.ts'
import { urlOfApplication } from '../../storage/roles/application-role.ts'

// No session keeps the tenant of a call, neither a session of the service nor a session of a
// pooler.

const { missing } = await pgBouncerTool()

const app = holdfast({
  database: postgres({
    migrations: new URL('./tenants.fixture/', import.meta.url),
    tenants: { column: 'tenant' },
    connections: { reads: 2, writes: 2, jobs: 1 },
  }),
  identify({ header }) {
    const tenant = header('x-tenant')
    return tenant === undefined ? undefined : { kind: 'service', id: 'test', tenant }
  },
})
const operation = {
  access: app.access('all()', ({ caller }) => caller),
  input: z.object({ act: z.string().optional() }),
  output: z.object({ tenant: z.string(), orders: z.array(z.string()).max(10) }),
  async run({ input: { act = 'orders' }, db }: { input: { act?: string | undefined }; db: SqlDatabase }) {
    if (act === 'fail') await db.query(sql`select 1 / 0`)
    if (act === 'sleep') await db.query(sql`select pg_sleep(60)`)
    const rows = await db.query<{ tenant: string; id: string | null }>(sql`
      select coalesce(current_setting('holdfast.tenant', true), '') as tenant, id
      from (values (1)) as one left join orders on true order by id limit 10`)
    return { tenant: rows[0]!.tenant, orders: rows.flatMap(({ id }) => (id === null ? [] : [id])) }
  },
} as const
const service = app.service({
  name: 'shop',
  operations: {
    read: app.query({ ...operation, route: 'GET /read' }),
    write: app.mutation({ ...operation, route: 'POST /write', idempotency: { optional: 'a test' } }),
  },
})
const kinds = ['read', 'write'] as const

let database: TestDatabase
let pooler: TestServer | undefined
beforeAll(async () => {
  database = await createMigratedDatabase()
  // This start creates the role and applies the migrations.
  await (await start({ DATABASE_URL: database.url })).stop()
  if (!missing) pooler = await startPgBouncer(urlOfApplication(database.url).href)
})
afterAll(async () => {
  await pooler?.stop()
  await database.drop()
})

function start(env: Record<string, string>): Promise<RunningService<never>> {
  return service.start({
    env,
    mode: 'test',
    clock: systemClock,
    log: createLogger({ level: 'error', write: () => {} }),
    notify: () => {},
  }) as unknown as Promise<RunningService<never>>
}

describe.each(['without a pooler', 'through PgBouncer'])('%s', (way) => {
  const isPooled = way !== 'without a pooler'

  async function started(): Promise<RunningService<never>> {
    const own = urlOfApplication(database.url).href
    return start({
      DATABASE_URL: isPooled ? pooledUrl(own, pooler!) : own,
      DATABASE_DIRECT_URL: own,
      DATABASE_OWNER_URL: database.url,
    })
  }

  async function call(
    running: RunningService<never>,
    kind: string,
    { tenant, act, timeout }: { tenant?: string; act?: string; timeout?: string } = {},
  ): Promise<unknown> {
    const headers: Record<string, string | undefined> = {
      'x-tenant': tenant,
      'request-timeout': timeout,
    }
    const given = act === undefined ? {} : { act }
    const answer = await running.call({
      operation: kind,
      input:
        kind === 'read'
          ? { path: {}, query: toQuery(given), body: undefined }
          : { path: {}, query: {}, body: given },
      header: (name) => headers[name],
    })
    return answer.status < 300 ? (JSON.parse(answer.body as string) as unknown) : answer.status
  }

  const ofAcme = { tenant: 'acme', orders: ['a1', 'a2'] }
  const ofBolt = { tenant: 'bolt', orders: ['b1'] }
  const ofNone = { tenant: '', orders: [] }

  test.skipIf(isPooled && missing)('no session keeps the tenant of a call', async () => {
    const running = await started()
    try {
      for (const kind of kinds) {
        const calls = Array.from({ length: 30 }, (_, n) =>
          n % 3 === 2 ? {} : { tenant: n % 3 === 0 ? 'acme' : 'bolt' },
        )
        expect(await Promise.all(calls.map((one) => call(running, kind, one)))).toEqual(
          calls.map(({ tenant }) => (tenant === 'acme' ? ofAcme : tenant === 'bolt' ? ofBolt : ofNone)),
        )
        expect(await call(running, kind, { tenant: 'acme', act: 'fail' })).toBe(500)
        expect(await call(running, kind, { tenant: 'acme', act: 'sleep', timeout: '200ms' })).toBe(504)
      }
      for (const kind of kinds) {
        const seen = await Promise.all(Array.from({ length: 30 }, () => call(running, kind)))
        expect(new Set(seen.map((one) => JSON.stringify(one)))).toEqual(new Set([JSON.stringify(ofNone)]))
      }
    } finally {
      await running.stop()
    }
  })
})

function toQuery(given: { readonly act?: string }): Record<string, string[]> {
  return given.act === undefined ? {} : { act: [given.act] }
}
