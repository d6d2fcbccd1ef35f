import { holdfast } from 'holdfast'
import { sessions } from 'holdfast/auth'
import { drizzle } from 'holdfast/drizzle'
import { apiKeys, developmentKey } from 'holdfast/identity'
import { setting, type Settings, settings, url } from 'holdfast/settings'
import * as schema from './schema.ts'
import { scopes } from './scopes.ts'

/** The settings of the ledger. */
export const ledgerSettings = settings({
  BANK_URL: setting(url('http', 'https'), {
    description: 'The bank that pays out.',
    optional: 'outside production',
  }),
  MAIL_URL: setting(url('smtp', 'smtps'), {
    description: 'The mail server.',
    secret: true,
    optional: 'outside production',
  }),
})

/** The values of the settings. */
export type LedgerValues = typeof ledgerSettings extends Settings<infer Values> ? Values : never

/** The sessions of customers. Each customer is a tenant. */
export const session = sessions({ tenantOf: (customer) => customer })

/** The API keys of programs that act for a customer, in the customer's tenant. */
export const keys = apiKeys({ prefix: 'ledger' })

/** The caller of the development key: a customer whom every rule admits. */
const developer = {
  kind: 'user',
  id: 'developer',
  tenant: 'developer',
  scopes: [...scopes, 'audit:read'],
}

/** The ways to find out who calls. */
export const identify = [session, keys, developmentKey(developer)]

/** The options of the database. Policies separate the rows of customers. */
export const databaseOptions = {
  casing: 'snake_case',
  migrations: new URL('../migrations/', import.meta.url),
  tenants: { column: 'owner' },
} as const

/** This is the only module that configures the application. */
export const app = holdfast({
  settings: ledgerSettings,
  database: drizzle(schema, databaseOptions),
  identify,
})

export const { query, mutation, job, consumer, service } = app
