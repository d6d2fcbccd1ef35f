import { migrate } from './migrate.ts'
import { readMigrations } from './read-migrations.ts'

// Runs one of several processes that start at the same time. Arguments: the connection string and
// the migrations folder.
const [, , connectionString = '', folder = ''] = process.argv
const report = await migrate({
  connectionString,
  migrations: [{ owner: 'app', migrations: await readMigrations(folder) }],
})
process.stdout.write(JSON.stringify(report.applied.map(({ name }) => name)))
