import { type Access, anyOf, type Caller, hasScope, signedIn } from 'holdfast'
import { and, eq, type SQL } from 'drizzle-orm'
import type { PgColumn } from 'drizzle-orm/pg-core'
import { app } from './app.ts'
import { AccountNotFound } from './problems.ts'
import * as schema from './schema.ts'
import type { Scope } from './scopes.ts'

/** Admits customers, and programs to which a customer has granted the scope. */
export const customerOr = (scope: Scope) => anyOf(signedIn(), hasScope(scope))

/** A row of an account. */
export type Account = typeof schema.accounts.$inferSelect

/**
 * Admits the owner of the account in the input field, and the owner's programs with the scope. The
 * account of another customer is answered like an account that does not exist.
 */
export function ownAccount<const Field extends string>(
  field: Field,
  scope: Scope,
): Access<Caller, Account, Readonly<Record<Field, string>>> {
  return app.row(`ownAccount('${field}', '${scope}')`, {
    key: (input: Readonly<Record<Field, string>>) => input[field],
    callers: customerOr(scope),
    // The row is not locked: its owner never changes, and a transfer locks both accounts in the
    // order of their ids.
    async load({ key, caller, db }) {
      const [account] = await db
        .select()
        .from(schema.accounts)
        .where(and(eq(schema.accounts.id, key), isOwned(schema.accounts, caller)))
      return account
    },
    missing: AccountNotFound,
  })
}

/** Returns the condition for the rows of the caller's customer. */
export function isOwned({ owner }: { readonly owner: PgColumn }, { tenant = '' }: Caller): SQL {
  return eq(owner, tenant)
}
