import { GiveUp } from 'holdfast'
import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { customerOr, isOwned } from './access.ts'
import { job, query } from './app.ts'
import { ReceiptNotFound } from './problems.ts'
import * as schema from './schema.ts'

/**
 * Creates the receipt of a transfer. The row of the receipt and the end of the job are in one
 * commit, so there is one receipt, even if the job needs several attempts.
 */
export const sendReceipt = job({
  name: 'send-receipt',
  input: z.object({ transfer: z.uuid() }),
  async run({ input, db }) {
    const [transfer] = await db.select().from(schema.transfers).where(eq(schema.transfers.id, input.transfer))
    if (!transfer) throw new GiveUp(`Transfer ${input.transfer} not found.`)
    const { id, amount, currency, createdAt } = transfer
    await db.insert(schema.receipts).values({
      transferId: id,
      body: `${createdAt.toISOString()}: ${amount} minor units of ${currency}`,
    })
  },
})

export const getReceipt = query({
  route: 'GET /transfers/{id}/receipt',
  summary: 'Read the receipt of a transfer that you sent',
  access: customerOr('accounts:read'),
  input: z.object({ id: z.uuid() }),
  output: z.object({ transfer: z.uuid(), body: z.string() }),
  problems: [ReceiptNotFound],
  async run({ input, caller, db }) {
    const [row] = await db
      .select()
      .from(schema.receipts)
      .where(and(eq(schema.receipts.transferId, input.id), isOwned(schema.receipts, caller)))
    if (!row) throw ReceiptNotFound()
    return { transfer: row.transferId, body: row.body }
  },
})
