import { hasScope, pages, schedule, uuidv7 } from 'holdfast'
import { getTableColumns, sql } from 'drizzle-orm'
import { list } from 'holdfast/drizzle'
import { z } from 'zod'
import { job, query } from './app.ts'
import * as schema from './schema.ts'

/** Checks that every balance is the sum of its entries, and stores the result. */
export const checkBalances = job({
  name: 'check-balances',
  input: z.object({ tick: z.iso.datetime() }),
  async run({ input, db, log }) {
    // The job runs for no customer, so the policies show it no account. The function sees all of
    // them.
    const { rows } = await db.execute<{ accounts: number; unbalanced: string[] }>(
      sql`select accounts, unbalanced from check_books()`,
    )
    const { accounts, unbalanced } = rows[0]!
    await db
      .insert(schema.balanceChecks)
      .values({
        id: uuidv7(),
        checkedAt: new Date(input.tick),
        accounts,
        unbalanced,
      })
      .onConflictDoNothing({ target: schema.balanceChecks.checkedAt })
    if (unbalanced.length > 0)
      log.error({ unbalanced: unbalanced.length }, 'balances do not equal the sums of their entries')
  },
})

export const nightly = schedule({
  name: 'nightly-balance-check',
  cron: '0 3 * * *',
  timeZone: 'Europe/Berlin',
  job: checkBalances,
  input: (tick) => ({ tick: tick.toISOString() }),
})

export const listBalanceChecks = query({
  route: 'GET /balance-checks',
  summary: 'List the findings of the nightly checks, newest first',
  access: hasScope('audit:read'),
  input: pages.input(),
  output: pages.output(
    z.object({ checkedAt: z.iso.datetime(), accounts: z.int(), unbalanced: z.array(z.uuid()).max(10_000) }),
  ),
  run: ({ input, db, page }) =>
    page(
      input,
      list([pages.descending(schema.balanceChecks.id)], ({ where, position }) =>
        db
          .select({ ...getTableColumns(schema.balanceChecks), position })
          .from(schema.balanceChecks)
          .where(where),
      ),
      (row) => ({ ...row, checkedAt: row.checkedAt.toISOString() }),
    ),
})
