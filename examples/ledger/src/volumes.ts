import { anyone } from 'holdfast'
import { asc, gte, sql } from 'drizzle-orm'
import { z } from 'zod'
import { consumer, query } from './app.ts'
import { TransferCreated } from './events.ts'
import * as schema from './schema.ts'

/** Sums up the transfers of each day. Every message counts once, even if it arrives repeatedly. */
export const countVolume = consumer({
  name: 'count-volume',
  event: TransferCreated,
  async run({ message: { payload }, db }) {
    await db
      .insert(schema.volumes)
      .values({
        day: payload.createdAt.slice(0, 10),
        currency: payload.currency,
        transfers: 1,
        amount: String(payload.amount),
      })
      .onConflictDoUpdate({
        target: [schema.volumes.day, schema.volumes.currency],
        set: {
          transfers: sql`${schema.volumes.transfers} + 1`,
          amount: sql`${schema.volumes.amount} + excluded.amount`,
        },
      })
  },
})

export const listVolumes = query({
  route: 'GET /volumes',
  summary: 'Read the volume of each day',
  access: anyone('the totals of a day concern no customer'),
  input: z.object({ since: z.iso.date() }),
  output: z.object({
    days: z
      .array(z.object({ day: z.iso.date(), currency: z.string(), transfers: z.int(), amount: z.string() }))
      .max(1_000),
  }),
  async run({ input, db }) {
    const days = await db
      .select()
      .from(schema.volumes)
      .where(gte(schema.volumes.day, input.since))
      .orderBy(asc(schema.volumes.day), asc(schema.volumes.currency))
      .limit(1_000)
    return { days }
  },
})
