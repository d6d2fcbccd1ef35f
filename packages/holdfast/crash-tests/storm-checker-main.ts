import { readFileSync } from 'node:fs'
import { until } from 'holdfast/testing'
import { findLastingViolations } from './invariants.ts'
import { countUnfinished, findJobViolations } from './job-invariants.ts'
import type { Observation } from './observation.ts'
import { DriverClient } from '../src/storage/postgres/session/driver-client.ts'

// The checker of a storm, in a separate process. It compares the observations of the clients with
// the database, and prints the broken invariants.
const observations = JSON.parse(readFileSync(process.env['OBSERVATIONS']!, 'utf8')) as readonly Observation[]
const database = new DriverClient({ connectionString: process.env['DATABASE_URL']! })
await database.connect()

// The jobs of a killed process are rescued after 15 s without a heartbeat.
const left = await until(async () => (await countUnfinished(database)) === 0 || undefined, {
  timeout: '4m',
}).then(
  () => [],
  async () => [`${await countUnfinished(database)} jobs and messages have not ended`],
)
const violations = [
  ...left,
  ...(await findLastingViolations(database, observations)),
  ...(await findJobViolations(database)),
]
await database.end()
process.send!({ violations }, () => process.disconnect?.())
