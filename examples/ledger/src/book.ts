import { uuidv7 } from 'holdfast'
import type { DrizzleWrite } from 'holdfast/drizzle'
import { eq, inArray, sql } from 'drizzle-orm'
import { maxBalance } from './money.ts'
import { BalanceOutOfRange } from './problems.ts'
import * as schema from './schema.ts'

/** The transaction of a mutation. */
export type Transaction = DrizzleWrite<typeof schema>

/** A row of an account, locked until the transaction ends. */
export type LockedAccount = typeof schema.accounts.$inferSelect

/**
 * Shows the transaction the account of a payee, who may be another customer. The policies of
 * `accounts` hide the accounts of other customers, except the one that this setting names.
 */
export async function showPayee(db: Transaction, account: string): Promise<void> {
  await db.execute(sql`select set_config('ledger.payee', ${account}, true)`)
}

/**
 * Locks accounts in the order of their ids, so that two transfers in opposite directions cannot
 * deadlock.
 */
export async function lockAccounts(
  db: Transaction,
  ids: readonly string[],
): Promise<Map<string, LockedAccount>> {
  const rows = await db
    .select()
    .from(schema.accounts)
    .where(inArray(schema.accounts.id, [...ids]))
    .orderBy(schema.accounts.id)
    .for('no key update')
  return new Map(rows.map((row) => [row.id, row]))
}

/** A transfer to book, from one account to another of the same currency. */
export interface Booking {
  readonly from: LockedAccount
  readonly to: LockedAccount
  readonly amount: number
  readonly memo?: string | undefined
}

/**
 * Books a transfer between two locked accounts: the transfer, its two entries, and both balances.
 */
export async function book(
  db: Transaction,
  { from, to, amount, memo }: Booking,
): Promise<typeof schema.transfers.$inferSelect> {
  if (to.balance + amount > maxBalance || from.balance - amount < -maxBalance) throw BalanceOutOfRange()
  const id = uuidv7()
  const [transfer] = await db
    .insert(schema.transfers)
    .values({ id, fromAccount: from.id, toAccount: to.id, currency: from.currency, amount, memo })
    .returning()
  await db.insert(schema.entries).values([
    { transferId: id, accountId: from.id, amount: -amount },
    { transferId: id, accountId: to.id, amount },
  ])
  await db
    .update(schema.accounts)
    .set({ balance: sql`balance - ${amount}` })
    .where(eq(schema.accounts.id, from.id))
  await db
    .update(schema.accounts)
    .set({ balance: sql`balance + ${amount}` })
    .where(eq(schema.accounts.id, to.id))
  return transfer!
}
