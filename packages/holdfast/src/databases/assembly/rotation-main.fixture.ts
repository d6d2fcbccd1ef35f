import { anyone, holdfast, HoldfastError } from 'holdfast'
import { serve, vault } from 'holdfast/node'
import { postgres, sql } from 'holdfast/postgres'
import { setting, settings, text } from 'holdfast/settings'
import { z } from 'zod'

// A main file whose secrets come from Vault.
const { query, mutation, service } = holdfast({
  // With a short max age, connections are opened all the time.
  database: postgres({ maxConnectionAge: '50ms' }),
  settings: settings({ BANK_KEY: setting(text(), { description: 'A key.', secret: true }) }),
})

const user = query({
  route: 'GET /user',
  access: anyone('a test'),
  output: z.object({ user: z.string(), length: z.int() }),
  async run({ db, settings: { BANK_KEY } }) {
    const rows = await db.query<{ user: string }>(sql`select session_user as "user" limit 1`)
    return { user: rows[0]!.user, length: BANK_KEY.reveal().length }
  },
})
const sign = mutation({
  route: 'POST /sign',
  access: anyone('a test'),
  input: z.object({ name: z.string() }),
  output: z.object({ token: z.string() }),
  sealed: true,
  run: ({ input }) => ({ token: `${input.name}-${crypto.randomUUID()}` }),
})
const fail = mutation({
  route: 'POST /fail',
  access: anyone('a test'),
  input: z.object({}),
  output: z.object({}),
  async run({ settings: values, log }) {
    log.error({ settings: values, key: values.BANK_KEY }, 'failing')
    throw new HoldfastError(
      'bank-down',
      `The bank refused ${String(values.BANK_KEY)} and ${JSON.stringify(values)}.`,
    )
  },
})

const { url } = await serve(service({ name: 'rotating', operations: { user, sign, fail } }), {
  secrets: [vault()],
  drainDelay: '0s',
})
process.send?.({ url })
process.channel?.unref()
