import { uuidv7 } from 'holdfast'
import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { customerOr, isOwned, ownAccount } from './access.ts'
import { job, mutation, query } from './app.ts'
import { pay } from './bank.ts'
import { book, lockAccounts } from './book.ts'
import { Amount } from './money.ts'
import { BalanceOutOfRange, InsufficientFunds, PayoutNotFound } from './problems.ts'
import * as schema from './schema.ts'
import { worldAccount } from './world-account.ts'

const Iban = z
  .string()
  .regex(/^[A-Z]{2}\d{2}[A-Z0-9]{11,30}$/, 'Expected an IBAN without spaces')
  .meta({ redact: true, example: 'DE02120300000000202051' })

const Payout = z.object({
  id: z.uuid(),
  account: z.uuid(),
  amount: z.int(),
  state: z.enum(['pending', 'paid', 'declined']),
})

const toPayout = (row: typeof schema.payouts.$inferSelect): z.infer<typeof Payout> => ({
  id: row.id,
  account: row.accountId,
  amount: row.amount,
  state: row.state,
})

/**
 * Pays through the bank. The call is a separate step with a key, which each attempt repeats. Even
 * if a later part fails, the bank makes one payment, and its answer is booked once.
 */
export const payOut = job({
  name: 'pay-out',
  input: z.object({ payout: z.uuid() }),
  retry: { attempts: 50, initialDelay: '1s', maxDelay: '10m' },
  async run({ input, db, step, settings }) {
    const payment = await step('read', async ({ db: inStep }) => {
      const [row] = await inStep
        .select({
          iban: schema.payouts.iban,
          amount: schema.payouts.amount,
          currency: schema.accounts.currency,
        })
        .from(schema.payouts)
        .innerJoin(schema.accounts, eq(schema.accounts.id, schema.payouts.accountId))
        .where(eq(schema.payouts.id, input.payout))
      return row!
    })
    const reply = await step('pay', ({ key, signal }) => pay(settings.BANK_URL, { key, ...payment }, signal))

    const [payout] = await db.select().from(schema.payouts).where(eq(schema.payouts.id, input.payout))
    if (reply.state === 'paid') {
      await db
        .update(schema.payouts)
        .set({ state: 'paid', bankReference: reply.reference })
        .where(eq(schema.payouts.id, input.payout))
      return
    }
    const world = await worldAccount(db, payment.currency)
    const locked = await lockAccounts(db, [world, payout!.accountId])
    const refund = await book(db, {
      from: locked.get(world)!,
      to: locked.get(payout!.accountId)!,
      amount: payment.amount,
      memo: 'declined by the bank',
    })
    await db
      .update(schema.payouts)
      .set({ state: 'declined', refundId: refund.id })
      .where(eq(schema.payouts.id, input.payout))
  },
})

export const createPayout = mutation({
  route: 'POST /payouts',
  summary: 'Pay money out to a bank account',
  access: ownAccount('account', 'payouts:write'),
  input: z.object({ account: z.uuid(), amount: Amount, iban: Iban }),
  output: Payout,
  status: 202,
  location: '/payouts/{id}',
  problems: [InsufficientFunds, BalanceOutOfRange],
  trail: true,
  async run({ input: { account, amount, iban }, row, db, jobs }) {
    const world = await worldAccount(db, row.currency)
    const locked = await lockAccounts(db, [world, account])
    const from = locked.get(account)!
    if (from.balance < amount) throw InsufficientFunds({ balance: from.balance })
    const transfer = await book(db, { from, to: locked.get(world)!, amount, memo: 'payout' })
    const [payout] = await db
      .insert(schema.payouts)
      .values({ id: uuidv7(), accountId: account, amount, iban, transferId: transfer.id })
      .returning()
    await jobs.enqueue(payOut, { payout: payout!.id })
    return toPayout(payout!)
  },
})

export const getPayout = query({
  route: 'GET /payouts/{id}',
  summary: 'Read a payout',
  access: customerOr('accounts:read'),
  input: z.object({ id: z.uuid() }),
  output: Payout,
  problems: [PayoutNotFound],
  async run({ input, caller, db }) {
    const [row] = await db
      .select()
      .from(schema.payouts)
      .where(and(eq(schema.payouts.id, input.id), isOwned(schema.payouts, caller)))
    if (!row) throw PayoutNotFound()
    return toPayout(row)
  },
})
