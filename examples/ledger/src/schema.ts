import { bigint, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'

// The constraints stand in migrations/; this is what the queries need to know.

export const accounts = pgTable('accounts', {
  id: uuid().primaryKey(),
  name: text().notNull(),
  currency: text().notNull(),
  kind: text({ enum: ['customer', 'world'] })
    .notNull()
    .default('customer'),
  balance: bigint({ mode: 'number' }).notNull().default(0),
  createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
})

export const transfers = pgTable('transfers', {
  id: uuid().primaryKey(),
  fromAccount: uuid().notNull(),
  toAccount: uuid().notNull(),
  currency: text().notNull(),
  amount: bigint({ mode: 'number' }).notNull(),
  memo: text(),
  createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
})

export const entries = pgTable('entries', {
  transferId: uuid().notNull(),
  accountId: uuid().notNull(),
  amount: bigint({ mode: 'number' }).notNull(),
})
