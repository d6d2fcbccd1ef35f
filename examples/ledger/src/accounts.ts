import { anyone, pages, uuidv7 } from 'holdfast'
import { and, eq, getTableColumns } from 'drizzle-orm'
import { list } from 'holdfast/drizzle'
import { z } from 'zod'
import { mutation, query } from './app.ts'
import { Currency } from './money.ts'
import { AccountNotFound } from './problems.ts'
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
  access: anyone('the ledger has no users yet'),
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
  access: anyone('the ledger has no users yet'),
  input: z.object({ id: z.uuid() }),
  output: Account,
  problems: [AccountNotFound],
  async run({ input, db }) {
    const [row] = await db
      .select()
      .from(schema.accounts)
      .where(and(eq(schema.accounts.id, input.id), eq(schema.accounts.kind, 'customer')))
    if (!row) throw AccountNotFound({ account: input.id })
    return toAccount(row)
  },
})

export const listAccounts = query({
  route: 'GET /accounts',
  summary: 'List the accounts, oldest first',
  access: anyone('the ledger has no users yet'),
  input: pages.input(),
  output: pages.output(Account),
  run: ({ input, db, page }) =>
    page(
      input,
      list([schema.accounts.id], ({ where, position }) =>
        db
          .select({ ...getTableColumns(schema.accounts), position })
          .from(schema.accounts)
          .where(and(eq(schema.accounts.kind, 'customer'), where)),
      ),
      toAccount,
    ),
})
