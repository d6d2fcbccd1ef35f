import { anyone } from 'holdfast'
import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { mutation } from './app.ts'
import { book, lockAccounts } from './book.ts'
import { Amount } from './money.ts'
import { AccountNotFound, BalanceOutOfRange } from './problems.ts'
import * as schema from './schema.ts'
import { worldAccount } from './world-account.ts'

const Deposit = z.object({
  id: z.uuid(),
  account: z.uuid(),
  amount: z.int(),
  createdAt: z.iso.datetime(),
})

export const createDeposit = mutation({
  route: 'POST /deposits',
  summary: 'Deposit money from outside',
  access: anyone('the ledger has no users yet'),
  input: z.object({ account: z.uuid(), amount: Amount }),
  output: Deposit,
  status: 201,
  location: '/transfers/{id}',
  problems: [AccountNotFound, BalanceOutOfRange],
  async run({ input: { account, amount }, db }) {
    const [known] = await db
      .select({ currency: schema.accounts.currency })
      .from(schema.accounts)
      .where(and(eq(schema.accounts.id, account), eq(schema.accounts.kind, 'customer')))
    if (!known) throw AccountNotFound({ account })
    const world = await worldAccount(db, known.currency)
    const locked = await lockAccounts(db, [world, account])
    const transfer = await book(db, { from: locked.get(world)!, to: locked.get(account)!, amount })
    return { id: transfer.id, account, amount, createdAt: transfer.createdAt.toISOString() }
  },
})
