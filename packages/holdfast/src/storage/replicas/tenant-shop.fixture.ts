import { holdfast, type Service, signedIn } from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { z } from 'zod'

const visible = z.object({ isReplica: z.boolean(), role: z.string(), ids: z.array(z.string()).max(9) })

/** The rows that a read sees, the role that reads them, and the server. */
export type Visible = z.infer<typeof visible>

/** A service whose rows belong to tenants. */
export function createTenantShop(): Service {
  const { query, service } = holdfast({
    database: postgres({
      migrations: new URL('../../identity/tenants/tenants.fixture/', import.meta.url),
      tenants: { column: 'tenant' },
    }),
    identify: ({ header }) => ({ kind: 'user', id: 'ann', tenant: header('x-tenant') ?? 'none' }),
  })
  return service({
    name: 'shop',
    operations: {
      look: query({
        route: 'GET /orders',
        access: signedIn(),
        output: visible,
        async run({ db }) {
          const rows = await db.query<{ id: string; is: boolean; role: string }>(
            sql`select coalesce(string_agg(id, ',' order by id), '') as id, pg_is_in_recovery() as is,
              current_user::text as role from orders`,
          )
          const [{ id, is, role }] = rows as [(typeof rows)[number]]
          return { isReplica: is, role, ids: id.split(',').filter((one) => one !== '') }
        },
      }),
    },
  })
}
