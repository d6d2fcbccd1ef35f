import { type TestDatabase } from 'holdfast/testing'
import { createMigratedDatabase } from '../../testing/template.ts'
import { afterAll, beforeAll, describe } from 'vitest'
import { pgBouncerTool, startPgBouncer, throughPooler } from '../../../test/pgbouncer.ts'
import { testConformance } from '../../../test/query-builders/conformance.ts'
import { sqlBuilder } from '../../../test/query-builders/sql-builder.ts'
import type { TestServer } from '../../../test/test-server.ts'
import { allPromises, engineConformance } from '../../effects/jobs/engine-conformance.fixture.ts'

const { missing } = await pgBouncerTool()
let database: TestDatabase
let server: TestServer
const pooler = {
  get port(): number {
    return server.port
  },
}

beforeAll(async () => {
  if (missing !== undefined) return
  database = await createMigratedDatabase()
  server = await startPgBouncer(database.url)
})

afterAll(async () => {
  if (missing !== undefined) return
  await server.stop()
  await database.drop()
})

describe.skipIf(missing)('the sql tag through PgBouncer', async () => {
  await testConformance({
    ...sqlBuilder,
    database: (options) => throughPooler(sqlBuilder.database(options), pooler),
  })
})

engineConformance('postgres through PgBouncer', {
  missing,
  promises: allPromises,
  through: (database) => throughPooler(database, pooler),
  async runAgain({ sql }, id) {
    await sql('update holdfast.jobs set worker = gen_random_uuid() where id = $1', [id])
  },
})
