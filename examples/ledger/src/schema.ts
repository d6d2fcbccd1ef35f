import { bigint, date, integer, numeric, pgTable, text, timestamp, uuid } from 'drizzle-orm/pg-core'

// The columns that the queries use. The constraints are in migrations/.

export const accounts = pgTable('accounts', {
  id: uuid().primaryKey(),
  /** The customer. Default: the customer of the call. */
  owner: text(),
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

export const receipts = pgTable('receipts', {
  transferId: uuid().primaryKey(),
  owner: text(),
  body: text().notNull(),
})

export const balanceChecks = pgTable('balance_checks', {
  id: uuid().primaryKey(),
  checkedAt: timestamp({ withTimezone: true }).notNull(),
  accounts: integer().notNull(),
  unbalanced: uuid().array().notNull(),
})

export const volumes = pgTable('volumes', {
  day: date().notNull(),
  currency: text().notNull(),
  transfers: bigint({ mode: 'number' }).notNull(),
  amount: numeric().notNull(),
})

export const payouts = pgTable('payouts', {
  id: uuid().primaryKey(),
  owner: text(),
  accountId: uuid().notNull(),
  amount: bigint({ mode: 'number' }).notNull(),
  iban: text().notNull(),
  state: text({ enum: ['pending', 'paid', 'declined'] })
    .notNull()
    .default('pending'),
  bankReference: text(),
  transferId: uuid().notNull(),
  refundId: uuid(),
})
