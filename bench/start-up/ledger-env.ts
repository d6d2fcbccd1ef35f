import { randomBytes } from 'node:crypto'
import pg from 'pg'

const role = 'ledger_application'

/**
 * Creates a database for the ledger, and a role to which the policies of tenants apply. Returns
 * the environment variables of the ledger in production.
 */
export async function ledgerEnv(superuserUrl: string): Promise<Readonly<Record<string, string>>> {
  const client = new pg.Client({ connectionString: superuserUrl })
  await client.connect()
  const password = randomBytes(16).toString('hex')
  await client.query(`create role ${role} login password '${password}'`)
  await client.query('create database ledger')
  await client.end()
  const ownerUrl = new URL(superuserUrl)
  ownerUrl.pathname = '/ledger'
  const url = new URL(ownerUrl)
  url.username = role
  url.password = password
  return {
    BANK_URL: 'https://bank.example',
    MAIL_URL: 'smtps://mail.example',
    SECRET_KEYS: randomBytes(32).toString('base64'),
    DATABASE_URL: url.href,
    DATABASE_OWNER_URL: ownerUrl.href,
  }
}
