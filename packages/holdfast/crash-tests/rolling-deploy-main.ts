import { anyone, event, holdfast } from 'holdfast'
import { serve } from 'holdfast/node'
import { postgres, sql } from 'holdfast/postgres'
import { z } from 'zod'
import { frameworkMigrations } from '../src/databases/assembly/migrations.ts'
import { migrate } from '../src/storage/migrations/migrate.ts'

// One service in two builds. The new build has an additional migration, event and consumer. It also
// simulates a version of the framework whose tables have more columns.
const build = process.env['BUILD'] === 'new' ? 'new' : 'old'

const payload = z.object({ id: z.uuid() })
const placed = event('order.placed', { payload })
const billed = event('order.billed', { payload })

const { consumer, job, mutation, service } = holdfast({
  database: postgres({ migrations: new URL(`./rolling-deploy-${build}/`, import.meta.url) }),
})

const mail = job({
  name: 'mail',
  input: payload,
  retry: { attempts: 100, initialDelay: '10ms' },
  run: async ({ input, db }) => void (await db.query(sql`insert into mailed values (${input.id}::uuid)`)),
})

const place = mutation({
  route: 'POST /orders',
  access: anyone('a test'),
  input: payload,
  output: z.object({ build: z.string() }),
  status: 201,
  async run({ input, db, jobs, publish }) {
    await db.query(sql`insert into orders (id, build) values (${input.id}::uuid, ${build})`)
    await jobs.enqueue(mail, input)
    await publish(placed, input.id, input)
    if (build === 'new') await publish(billed, input.id, input)
    return { build }
  },
})

const count = consumer({
  name: 'count',
  event: placed,
  run: async ({ message, db }) =>
    void (await db.query(sql`insert into counted values (${message.payload.id}::uuid)`)),
})

const bill = consumer({
  name: 'bill',
  event: billed,
  run: async ({ message, db }) =>
    void (await db.query(sql`insert into invoiced values (${message.payload.id}::uuid)`)),
})

if (build === 'new') {
  const expand = {
    name: '9001-expand',
    sql: ['messages', 'jobs', 'idempotency_keys_0', 'subscriptions']
      .map((table) => `alter table holdfast.${table} add column note text;`)
      .join('\n'),
  }
  await migrate({
    connectionString: process.env['DATABASE_URL'] ?? '',
    migrations: [{ owner: 'holdfast', migrations: [...frameworkMigrations, expand], sharesSession: true }],
  })
}

await serve(
  service({
    name: 'deployed',
    operations: { place },
    jobs: [mail],
    consumers: build === 'new' ? [count, bill] : [count],
  }),
  { telemetry: false, documentation: false },
)
