import { readFileSync } from 'node:fs'
import { until } from 'holdfast/testing'
import { findLastingViolations } from './invariants.ts'
import { countUnfinished, findJobViolations } from './job-invariants.ts'
import type { Observation } from './observation.ts'
import { DriverClient } from '../src/postgres/driver-client.ts'

// The checker of a storm, in a process of its own: it knows what the clients saw and what the database has, and nothing else. It says what broke.
const observations = JSON.parse(readFileSync(process.env['OBSERVATIONS']!, 'utf8')) as readonly Observation[]
const database = new DriverClient({ connectionString: process.env['DATABASE_URL']! })
await database.connect()

// What a process was killed over is taken over when it has been silent for 15 s.
const left = await until(async () => (await countUnfinished(database)) === 0 || undefined, {
  timeoutMs: 240_000,
}).then(
  () => [],
  async () => [`${await countUnfinished(database)} jobs and messages have not come to their end`],
)
const violations = [
  ...left,
  ...(await findLastingViolations(database, observations)),
  ...(await findJobViolations(database)),
]
await database.end()
process.send!({ violations }, () => process.disconnect?.())
