import { anyone, type Duration, holdfast } from 'holdfast'
import { serve } from 'holdfast/node'
import { postgres, sql } from 'holdfast/postgres'
import { z } from 'zod'

const deadline = process.env['RECORD_DEADLINE'] as Duration | undefined
const { query, mutation, service } = holdfast({
  database: postgres({
    migrations: new URL('../test/effects/migrations/', import.meta.url),
    ...(deadline && { connections: { wait: deadline } }),
  }),
})

const record = mutation({
  route: 'POST /effects',
  access: anyone('a test'),
  input: z.object({ name: z.string() }),
  status: 201,
  ...(deadline && { deadline }),
  async run({ input, db }) {
    await db.query(sql`insert into effects (name) values (${input.name})`)
  },
})

const sleep = query({
  route: 'GET /sleep',
  access: anyone('a test'),
  input: z.object({ seconds: z.int() }),
  deadline: '10s',
  async run({ input, db }) {
    await db.query(sql`select pg_sleep(${input.seconds})`)
  },
})

/** Ignores its signal. */
const hang = query({
  route: 'GET /hang',
  access: anyone('a test'),
  deadline: '1m',
  async run({ log }) {
    log.info('hanging')
    await new Promise(() => {})
  },
})

const graceMs = Number(process.env['GRACE_MS'] ?? 20_000)
await serve(service({ name: 'life-cycle', operations: { record, sleep, hang } }), { grace: `${graceMs}ms` })
