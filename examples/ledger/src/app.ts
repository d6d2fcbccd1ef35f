import { holdfast } from 'holdfast'
import { drizzle } from 'holdfast/drizzle'
import { setting, settings, url } from 'holdfast/settings'
import * as schema from './schema.ts'

/** The settings of the ledger. */
export const ledgerSettings = settings({
  BANK_URL: setting(url('http', 'https'), {
    description: 'The bank that pays out.',
    optional: 'outside production',
  }),
})

/** This is the only module that configures the database. */
export const { query, mutation, job, consumer, service } = holdfast({
  settings: ledgerSettings,
  database: drizzle(schema, {
    casing: 'snake_case',
    migrations: new URL('../migrations/', import.meta.url),
  }),
})
