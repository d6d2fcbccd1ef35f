import { DatabaseError, escapeIdentifier } from 'pg'
import { DriverClient } from '../postgres/session/driver-client.ts'

const connectTimeoutMs = 10_000

/** Creates the database that a URL names, unless it exists. */
export async function ensureDatabase(url: string): Promise<void> {
  try {
    await run(url, 'select')
  } catch (error) {
    if (!(error instanceof DatabaseError && error.code === '3D000')) throw error
    const maintenance = new URL(url)
    maintenance.pathname = '/postgres'
    await run(maintenance.href, `create database ${escapeIdentifier(databaseOf(url))}`)
  }
}

async function run(url: string, statement: string): Promise<void> {
  const client = new DriverClient({ connectionString: url, connectionTimeoutMillis: connectTimeoutMs })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

function databaseOf(url: string): string {
  return decodeURIComponent(new URL(url).pathname.slice(1))
}
