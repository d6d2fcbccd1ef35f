import { z } from 'zod'
import { ownAccount } from './access.ts'
import { mutation } from './app.ts'
import { book, lockAccounts } from './book.ts'
import { Amount } from './money.ts'
import { BalanceOutOfRange } from './problems.ts'
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
  access: ownAccount('account', 'deposits:write'),
  input: z.object({ account: z.uuid(), amount: Amount }),
  output: Deposit,
  status: 201,
  location: '/transfers/{id}',
  problems: [BalanceOutOfRange],
  trail: true,
  async run({ input: { account, amount }, row, db }) {
    const world = await worldAccount(db, row.currency)
    const locked = await lockAccounts(db, [world, account])
    const transfer = await book(db, { from: locked.get(world)!, to: locked.get(account)!, amount })
    return { id: transfer.id, account, amount, createdAt: transfer.createdAt.toISOString() }
  },
})
