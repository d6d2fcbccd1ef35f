import { DriverClient } from '../src/storage/postgres/session/driver-client.ts'

// A conventional worker: it claims one job, sends heartbeats, and completes the job by its id
// alone. Like the jobs of the service, its job ends only after the gate is opened.
const client = new DriverClient({ connectionString: process.env['DATABASE_URL']! })
await client.connect()
const { rows: workers } = await client.query<{ id: string }>(
  `insert into holdfast.job_workers (id, service, host, pid) values (gen_random_uuid(), 'worked', 'unfenced', $1) returning id`,
  [process.pid],
)
const beating = new DriverClient({ connectionString: process.env['DATABASE_URL']! })
await beating.connect()
const worker = workers[0]!.id
setInterval(() => {
  beating.query('insert into holdfast.job_heartbeats (worker) values ($1)', [worker]).catch(() => {})
}, 1_000).unref()

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))

for (;;) {
  const { rows } = await client.query<{ id: string; input: { gate: string } }>(
    `update holdfast.jobs set state = 'running', claim = claim + 1, worker = $1, started_at = now()
     where id = (select id from holdfast.all_jobs where state = 'ready' order by seq limit 1 for update skip locked)
     returning id, input`,
    [worker],
  )
  const [job] = rows
  if (!job) {
    await pause()
    continue
  }
  console.log('claimed')
  const { gate } = job.input
  while ((await client.query('select from gates where name = $1', [gate])).rowCount === 0) await pause()
  await client.query('begin')
  await client.query('insert into effects (job) values ($1)', [job.id])
  await client.query('update totals set effects = effects + 1')
  await client.query('delete from holdfast.jobs where id = $1', [job.id])
  await client.query('commit')
  break
}
console.log('completed')
await client.end()
await beating.end()
