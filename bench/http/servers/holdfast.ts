import { anyone, holdfast } from 'holdfast'
import { serve, type ServeOptions } from 'holdfast/node'
import { postgres, sql } from 'holdfast/postgres'
import { z } from 'zod'

const { query, mutation, job, service } = holdfast({
  database: postgres(process.env['WIRE'] === 'holdfast' ? { wire: 'holdfast' } : {}),
})
const Account = z.object({ id: z.int(), name: z.string(), balance: z.int() })
const Transfer = z.object({ id: z.int(), account: z.int(), amount: z.int() })

const hello = query({
  route: 'GET /hello',
  access: anyone('a benchmark'),
  output: z.object({ hello: z.string(), n: z.int() }),
  run: () => ({ hello: 'world', n: 1 }),
})

const readAccount = query({
  route: 'GET /accounts/{id}',
  access: anyone('a benchmark'),
  input: z.object({ id: z.int() }),
  output: Account,
  async run({ input, db }) {
    const [row] = await db.query<z.infer<typeof Account>>(
      sql`select id, name, balance from accounts where id = ${input.id}`,
    )
    return row!
  },
})

const sendReceipt = job({
  name: 'send-receipt',
  input: z.object({ transfer: z.int() }),
  async run({ input: { transfer }, db }) {
    await db.query(sql`insert into receipts (transfer) values (${transfer})`)
  },
})

const hasJob = process.env['JOB'] === 'on'

const createTransfer = mutation({
  route: 'POST /transfers',
  access: anyone('a benchmark'),
  input: z.object({ account: z.int(), amount: z.int() }),
  output: Transfer,
  async run({ input: { account, amount }, db, jobs }) {
    await db.query(sql`update accounts set balance = balance + ${amount} where id = ${account}`)
    const [row] = await db.query<z.infer<typeof Transfer>>(
      sql`insert into transfers (account, amount) values (${account}, ${amount}) returning id, account, amount`,
    )
    if (hasJob) await jobs.enqueue(sendReceipt, { transfer: row!.id })
    return row!
  },
})

const options: ServeOptions = {
  ...(process.env['TELEMETRY'] === 'off' ? { telemetry: false } : {}),
  ...(process.env['WORKER'] === 'on' ? {} : { worker: false }),
}
const operations = { hello, readAccount, createTransfer }
await serve(service({ name: 'bench', operations, ...(hasJob ? { jobs: [sendReceipt] } : {}) }), options)
