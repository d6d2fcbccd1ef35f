import { uuidv7 } from 'holdfast'
import { and, eq } from 'drizzle-orm'
import type { Transaction } from './book.ts'
import * as schema from './schema.ts'

/**
 * Returns the world account of a currency, which represents everything outside the ledger. Deposits
 * are transfers from it, and payouts are transfers to it. The first deposit creates the account.
 */
export async function worldAccount(db: Transaction, currency: string): Promise<string> {
  const known = await findWorldAccount(db, currency)
  if (known !== undefined) return known
  await db
    .insert(schema.accounts)
    .values({ id: uuidv7(), owner: null, name: `The world (${currency})`, currency, kind: 'world' })
    .onConflictDoNothing()
  return (await findWorldAccount(db, currency))!
}

async function findWorldAccount(db: Transaction, currency: string): Promise<string | undefined> {
  const [found] = await db
    .select({ id: schema.accounts.id })
    .from(schema.accounts)
    .where(and(eq(schema.accounts.kind, 'world'), eq(schema.accounts.currency, currency)))
    .limit(1)
  return found?.id
}
