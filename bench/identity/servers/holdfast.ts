import { anyone, holdfast, respond, signedIn } from 'holdfast'
import { accounts, type Mail, sessions } from 'holdfast/auth'
import { apiKeys, bearerTokens, type JsonWebKeySet } from 'holdfast/identity'
import { serve } from 'holdfast/node'
import { postgres, sql } from 'holdfast/postgres'
import { z } from 'zod'

const keySet = JSON.parse(process.env['KEY_SET']!) as JsonWebKeySet
const session = sessions()
const keys = apiKeys({ prefix: 'bench' })
const tokens = bearerTokens({
  issuers: [{ issuer: 'https://issuer.example', audience: 'https://bench.example', keys: keySet }],
})
const app = holdfast({ database: postgres(), identify: [session, keys, tokens] })

const nowhere: Mail = { send: async () => {} }
const auth = accounts(app, {
  sessions: session,
  mail: nowhere,
  pages: { verifyEmail: 'https://bench.example/verify', resetPassword: 'https://bench.example/reset' },
})

const Account = z.object({ id: z.int(), name: z.string(), balance: z.int() })
const reason = 'a benchmark'

const readAccount = app.query({
  route: 'GET /accounts/{id}',
  access: anyone(reason),
  input: z.object({ id: z.int() }),
  output: Account,
  run: async ({ input, db }) =>
    (
      await db.query<z.infer<typeof Account>>(
        sql`select id, name, balance from accounts where id = ${input.id}`,
      )
    )[0]!,
})

const readOwn = app.query({
  route: 'GET /own/accounts/{id}',
  access: signedIn(),
  input: z.object({ id: z.int() }),
  output: Account,
  run: async ({ input, db }) =>
    (
      await db.query<z.infer<typeof Account>>(
        sql`select id, name, balance from accounts where id = ${input.id}`,
      )
    )[0]!,
})

const hello = app.query({
  route: 'GET /hello',
  access: anyone(reason),
  output: z.object({ hello: z.string() }),
  run: () => ({ hello: 'world' }),
})

const beginSession = app.mutation({
  route: 'POST /sessions',
  access: anyone(reason),
  idempotency: { optional: reason },
  sealed: true,
  cookies: [session.cookie],
  run: async ({ transaction }) =>
    respond(undefined, { cookies: [await session.begin(transaction, { user: crypto.randomUUID() })] }),
})

const createKey = app.mutation({
  route: 'POST /keys',
  access: anyone(reason),
  idempotency: { optional: reason },
  output: z.object({ key: z.string() }),
  run: async ({ transaction }) => ({
    key: (await keys.createKey(transaction, { caller: { kind: 'user', id: 'ann' }, name: reason })).key,
  }),
})

await serve(
  app.service({
    name: 'bench',
    operations: { ...auth.operations, readAccount, readOwn, hello, beginSession, createKey },
    capabilities: [auth],
  }),
  { worker: false },
)
