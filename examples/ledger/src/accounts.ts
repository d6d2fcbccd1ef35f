import { pages, uuidv7 } from 'holdfast'
import { and, getTableColumns } from 'drizzle-orm'
import { list } from 'holdfast/drizzle'
import { z } from 'zod'
import { customerOr, isOwned, ownAccount } from './access.ts'
import { mutation, query } from './app.ts'
import { Currency } from './money.ts'
import * as schema from './schema.ts'
import { Line } from './text.ts'

const Account = z.object({
  id: z.uuid(),
  name: z.string(),
  currency: z.string(),
  balance: z.int().meta({ description: 'Whole minor units of the currency.' }),
  createdAt: z.iso.datetime(),
})

const toAccount = (row: typeof schema.accounts.$inferSelect): z.infer<typeof Account> => ({
  ...row,
  createdAt: row.createdAt.toISOString(),
})

export const createAccount = mutation({
  route: 'POST /accounts',
  summary: 'Open an account',
  access: customerOr('accounts:write'),
  input: z.object({ name: Line.trim().min(1).max(100), currency: Currency }),
  output: Account,
  status: 201,
  location: '/accounts/{id}',
  async run({ input, db }) {
    const [row] = await db
      .insert(schema.accounts)
      .values({ id: uuidv7(), ...input })
      .returning()
    return toAccount(row!)
  },
})

export const getAccount = query({
  route: 'GET /accounts/{id}',
  summary: 'Read an account',
  access: ownAccount('id', 'accounts:read'),
  input: z.object({ id: z.uuid() }),
  output: Account,
  run: ({ row }) => toAccount(row),
})

export const listAccounts = query({
  route: 'GET /accounts',
  summary: 'List your accounts, oldest first',
  access: customerOr('accounts:read'),
  input: pages.input(),
  output: pages.output(Account),
  run: ({ input, caller, db, page }) =>
    page(
      input,
      list([schema.accounts.id], ({ where, position }) =>
        db
          .select({ ...getTableColumns(schema.accounts), position })
          .from(schema.accounts)
          .where(and(isOwned(schema.accounts, caller), where)),
      ),
      toAccount,
    ),
})
