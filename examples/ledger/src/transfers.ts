import { pages } from 'holdfast'
import { and, eq, inArray, or } from 'drizzle-orm'
import { list } from 'holdfast/drizzle'
import { z } from 'zod'
import { customerOr, isOwned, ownAccount } from './access.ts'
import { mutation, query } from './app.ts'
import { book, lockAccounts, showPayee } from './book.ts'
import { TransferCreated } from './events.ts'
import { Amount } from './money.ts'
import { BalanceOutOfRange, InsufficientFunds, PayeeNotFound, TransferNotFound } from './problems.ts'
import { sendReceipt } from './receipts.ts'
import * as schema from './schema.ts'
import { Line } from './text.ts'

const Transfer = z.object({
  id: z.uuid(),
  from: z.uuid(),
  to: z.uuid(),
  amount: z.int(),
  memo: z.string().nullable(),
  createdAt: z.iso.datetime(),
})

const toTransfer = (row: typeof schema.transfers.$inferSelect): z.infer<typeof Transfer> => ({
  id: row.id,
  from: row.fromAccount,
  to: row.toAccount,
  amount: row.amount,
  memo: row.memo,
  createdAt: row.createdAt.toISOString(),
})

export const createTransfer = mutation({
  route: 'POST /transfers',
  summary: 'Move money from one of your accounts to any account',
  access: ownAccount('from', 'transfers:write'),
  input: z
    .object({ from: z.uuid(), to: z.uuid(), amount: Amount, memo: Line.max(140).optional() })
    .refine(({ from, to }) => from !== to, {
      path: ['to'],
      message: 'Expected an account other than `from`',
    }),
  output: Transfer,
  status: 201,
  location: '/transfers/{id}',
  problems: [PayeeNotFound, InsufficientFunds, BalanceOutOfRange],
  trail: { target: ({ input }) => `account:${input.from}` },
  deadline: '2s',
  async run({ input, db, jobs, publish }) {
    await showPayee(db, input.to)
    const locked = await lockAccounts(db, [input.from, input.to])
    const from = locked.get(input.from)!
    const to = locked.get(input.to)
    if (to?.kind !== 'customer' || to.currency !== from.currency) throw PayeeNotFound()
    if (from.balance < input.amount) throw InsufficientFunds({ balance: from.balance })
    const transfer = toTransfer(await book(db, { from, to, amount: input.amount, memo: input.memo }))
    await jobs.enqueue(sendReceipt, { transfer: transfer.id })
    await publish(TransferCreated, from.id, { ...transfer, currency: from.currency })
    return transfer
  },
})

export const getTransfer = query({
  route: 'GET /transfers/{id}',
  summary: 'Read a transfer',
  access: customerOr('accounts:read'),
  input: z.object({ id: z.uuid() }),
  output: Transfer,
  problems: [TransferNotFound],
  async run({ input, caller, db }) {
    const own = db
      .select({ id: schema.accounts.id })
      .from(schema.accounts)
      .where(isOwned(schema.accounts, caller))
    const { id, fromAccount, toAccount } = schema.transfers
    const [row] = await db
      .select()
      .from(schema.transfers)
      .where(and(eq(id, input.id), or(inArray(fromAccount, own), inArray(toAccount, own))))
    if (!row) throw TransferNotFound()
    return toTransfer(row)
  },
})

export const listTransfers = query({
  route: 'GET /transfers',
  summary: 'List the transfers of an account, newest first',
  access: ownAccount('account', 'accounts:read'),
  input: pages.input(z.object({ account: z.uuid() })),
  output: pages.output(Transfer),
  run: ({ input, db, page }) =>
    page(
      input,
      list([pages.descending(schema.entries.transferId)], ({ where, position }) =>
        db
          .select({ transfer: schema.transfers, position })
          .from(schema.entries)
          .innerJoin(schema.transfers, eq(schema.transfers.id, schema.entries.transferId))
          .where(and(eq(schema.entries.accountId, input.account), where)),
      ),
      ({ transfer }) => toTransfer(transfer),
    ),
})
