import { randomUUID } from 'node:crypto'
import { testRunVariable } from './template.ts'
import { startTestPostgres, testDatabaseVariable } from './test-postgres.ts'

/**
 * Vitest's global setup: starts one Postgres server for the whole run. All test files share the
 * template databases on it. Add it to the configuration:
 * `globalSetup: ['holdfast/testing/vitest']`. If `HOLDFAST_TEST_DATABASE_URL` is set, that server
 * is used instead.
 */
export async function setup(): Promise<() => Promise<void>> {
  process.env[testRunVariable] = randomUUID()
  if (process.env[testDatabaseVariable]) return async () => {}
  const server = await startTestPostgres()
  process.env[testDatabaseVariable] = server.url
  return () => server.stop()
}
