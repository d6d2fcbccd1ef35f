import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type TestDatabase, until } from 'holdfast/testing'
import { createMigratedDatabase } from '../src/testing/template.ts'
import type pg from 'pg'
import { expect, test } from 'vitest'
import { type ServerProcess, startServer } from './server-process.ts'
import { DriverClient } from '../src/storage/postgres/session/driver-client.ts'
import { bundleProgram } from '../test/bundle-program.ts'

/*
 * Goal: a job whose worker dies or hangs is rescued and has one effect; a worker that has lost its
 * lease commits nothing.
 *
 * Method: some workers are killed (SIGKILL) in the middle of their jobs. Others are stopped
 * (SIGSTOP), and resumed after another worker has done their job. Others block their event loop for
 * longer than a lease. Then the effects of each job and step are counted. A job that must not end
 * before its worker is killed or stopped waits at a gate, which the test opens afterwards.
 *
 * Control: a job must have two effects if its worker commits without fencing.
 */

/** `WORKER_KILLS=50 npm test workers` kills more workers. */
const kills = Number(process.env['WORKER_KILLS'] ?? 4)
const killedAtOnce = 3
const leaseMs = 15_000
const timeoutMs = 600_000

// Most tests run concurrently, because they spend most of their time waiting for leases. A longer
// interval is enough for these waits.
const every = '50ms'

/** A database with its workers. */
interface Fleet {
  readonly looking: pg.Client
  readonly servers: ServerProcess[]
  readonly children: ChildProcess[]
  readonly env: Readonly<Record<string, string>>
}

/** Runs a test on a separate database, and then stops its workers. */
async function withFleet(run: (fleet: Fleet) => Promise<void>): Promise<void> {
  const database: TestDatabase = await createMigratedDatabase()
  const looking = new DriverClient({ connectionString: database.url })
  await looking.connect()
  const env = { DATABASE_URL: database.url, LOG_LEVEL: 'debug', WORKER_CONCURRENCY: '4' }
  const fleet: Fleet = { looking, servers: [], children: [], env }
  try {
    await run(fleet)
  } finally {
    for (const child of fleet.children) child.kill('SIGKILL')
    await Promise.all(fleet.servers.map((server) => server.stop()))
    await looking.end()
    await database.drop()
  }
}

async function startWorkers({ servers, env }: Fleet, count: number): Promise<void> {
  const start = async (): Promise<void> => {
    servers.push(await startServer(new URL('./jobs-main.ts', import.meta.url), env))
  }
  await start()
  await Promise.all(Array.from({ length: count - 1 }, start))
}

interface Work {
  readonly count: number
  readonly ms: number
  readonly isBlocking?: boolean
  /** The gate that the jobs wait at. Default: they do not wait. */
  readonly gate?: string
}

async function enqueue({ servers }: Fleet, { isBlocking = false, ...work }: Work): Promise<void> {
  const response = await fetch(`${servers[0]!.url}/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': `"${randomUUID()}"` },
    body: JSON.stringify({ ...work, isBlocking }),
  })
  expect(response.status).toBe(200)
}

/** Lets the jobs that wait at a gate continue. */
async function openGate({ looking }: Fleet, name: string): Promise<void> {
  await looking.query('insert into gates (name) values ($1)', [name])
}

async function numberOf({ looking }: Fleet, text: string, values: readonly unknown[] = []): Promise<number> {
  const { rows } = await looking.query<{ count: number }>(text, [...values])
  return rows[0]!.count
}

const countSucceeded = (fleet: Fleet): Promise<number> =>
  numberOf(fleet, `select count(*)::int as count from holdfast.all_jobs where state = 'succeeded'`)

/**
 * Returns the broken invariants: each job that has succeeded must have one effect of each kind, and
 * there must be no other effects.
 */
async function findViolations({ looking }: Fleet): Promise<readonly string[]> {
  const { rows } = await looking.query<{ what: string }>(`
    select 'effects: job ' || jobs.id || ' has ' || count(effects.job) as what
      from holdfast.all_jobs as jobs left join effects on effects.job = jobs.id group by jobs.id having count(effects.job) <> 1
    union all
    select 'steps: job ' || jobs.id || ' has ' || count(prepared.job)
      from holdfast.all_jobs as jobs left join prepared on prepared.job = jobs.id group by jobs.id having count(prepared.job) <> 1
    union all
    select 'totals: ' || totals.effects || ' of ' || (select count(*) from effects) from totals
      where totals.effects <> (select count(*) from effects)`)
  return rows.map(({ what }) => what)
}

test.concurrent(
  `kill -9 of ${kills} workers in mid-job: every job is rescued in time and has one effect`,
  () =>
    withFleet(async (fleet) => {
      const { servers } = fleet
      await startWorkers(fleet, killedAtOnce + 1)
      // The first worker is never killed, because one worker has to rescue jobs and answer
      // requests.
      const victims = servers.slice(1)
      let enqueued = 0
      let maxMs = 0
      for (let killed = 0; killed < kills; killed += killedAtOnce) {
        const openedAfter = `${killed + killedAtOnce} kills`
        await enqueue(fleet, { count: 40, ms: 60, gate: openedAfter })
        enqueued += 40
        await until(async () => (await countDistinctWorkers(fleet)) === servers.length, {
          what: 'jobs that run on all workers',
        })
        const claimed = await claimsOfAll(fleet)
        const killedAtMs = performance.now()
        await Promise.all(victims.map((victim) => victim.killAndRestart()))
        await openGate(fleet, openedAfter)
        await until(async () => (await countHeld(fleet, claimed)) === 0, {
          every,
          what: 'the end of the claims of killed workers',
        })
        maxMs = Math.max(maxMs, performance.now() - killedAtMs)
      }
      await until(async () => (await countSucceeded(fleet)) === enqueued, { every, what: 'all jobs' })
      expect(await findViolations(fleet)).toEqual([])
      const rescued = await countClaimedAgain(fleet)
      console.info(
        `${kills} workers killed: ${enqueued} jobs, ${rescued} rescued, the last claim ended after ${Math.round(maxMs)} ms`,
      )
      expect(rescued).toBeGreaterThan(0)
    }),
  timeoutMs,
)

const countClaimedAgain = (fleet: Fleet): Promise<number> =>
  numberOf(fleet, 'select count(*)::int as count from holdfast.all_jobs where claim > 1')

const countDistinctWorkers = (fleet: Fleet): Promise<number> =>
  numberOf(
    fleet,
    `select count(distinct worker)::int as count from holdfast.all_jobs where state = 'running'`,
  )

interface Claim {
  readonly id: string
  readonly claim: number
}

async function claimsOfAll({ looking }: Fleet): Promise<readonly Claim[]> {
  const { rows } = await looking.query<Claim>(`select id, claim from holdfast.jobs where state = 'running'`)
  return rows
}

/** Returns the number of these claims that are still held. */
const countHeld = (fleet: Fleet, claims: readonly Claim[]): Promise<number> =>
  numberOf(
    fleet,
    `select count(*)::int as count from holdfast.jobs
     join unnest($1::uuid[], $2::int[]) as claimed (id, claim) on jobs.id = claimed.id and jobs.claim = claimed.claim
     where jobs.state = 'running'`,
    [claims.map(({ id }) => id), claims.map(({ claim }) => claim)],
  )

/** The gate of a fleet's only job. */
const gate = 'claimed again'

/**
 * Pauses a worker that has claimed the only job, waits until a second worker has done the job, and
 * resumes the first worker. The job can end only after the second worker has claimed it.
 */
async function stopPastTheLease(
  fleet: Fleet,
  worker: Pick<ChildProcess, 'kill'>,
  hasClaimed: () => Promise<boolean>,
): Promise<void> {
  await until(hasClaimed, { what: 'a claimed job' })
  worker.kill('SIGSTOP')
  await startWorkers(fleet, 1)
  await until(async () => (await countClaimedAgain(fleet)) === 1, { every, what: 'a second claim' })
  await openGate(fleet, gate)
  await until(async () => (await countSucceeded(fleet)) === 1, {
    every,
    what: 'the job to be done by another worker',
  })
  worker.kill('SIGCONT')
}

test.concurrent(
  'a worker that was stopped past its lease commits nothing, and continues with other jobs',
  () =>
    withFleet(async (fleet) => {
      const { servers, looking } = fleet
      await startWorkers(fleet, 1)
      const [first] = servers
      await enqueue(fleet, { count: 1, ms: 0, gate })
      // The worker is paused only after it has started the job. A worker that was paused before it
      // received its claim would not notice that it has lost the job.
      await until(async () => (await numberOf(fleet, 'select count(*)::int as count from prepared')) > 0)
      const { rows } = await looking.query<{ pid: number }>(
        `select pid from holdfast.job_workers join holdfast.jobs on worker = job_workers.id where state = 'running'`,
      )
      const stopped = { kill: (signal: NodeJS.Signals) => process.kill(rows[0]!.pid, signal) } as ChildProcess
      await stopPastTheLease(fleet, stopped, async () => true)
      await until(() => first!.output().includes('rescued by another worker'))
      expect(await findViolations(fleet)).toEqual([])
      await enqueue(fleet, { count: 20, ms: 20 })
      await until(async () => (await countSucceeded(fleet)) === 21, { every, what: 'further jobs' })
      expect(await findViolations(fleet)).toEqual([])
    }),
  timeoutMs,
)

test.concurrent(
  'the test detects a worker without fencing',
  () =>
    withFleet(async (fleet) => {
      const { servers, looking } = fleet
      // This worker only applies the migrations, and leaves the job to the second worker.
      await startWorkers(fleet, 1)
      await enqueue(fleet, { count: 0, ms: 0 })
      await servers[0]!.stop()
      await looking.query(
        `insert into holdfast.jobs (service, id, name, input, state)
     values ('worked', gen_random_uuid(), 'work', $1, 'ready')`,
        [{ ms: 0, gate }],
      )
      const { file, execArgv } = await bundleProgram(new URL('./unfenced-worker-main.ts', import.meta.url))
      const unfenced = spawn(process.execPath, [...execArgv, file], {
        env: { ...process.env, ...fleet.env },
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      fleet.children.push(unfenced)
      let output = ''
      unfenced.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
      await stopPastTheLease(fleet, unfenced, async () => output.includes('claimed'))
      await once(unfenced, 'exit')
      expect(output).toContain('completed')
      expect(await findViolations(fleet)).toEqual([expect.stringMatching(/^effects: job .* has 2$/)])
    }),
  timeoutMs,
)

// This test does not run concurrently with the others: their fleets could delay the thread that
// sends the heartbeats for longer than a lease.
test(
  'a job that blocks its event loop for longer than a lease keeps its worker alive, and runs once',
  () =>
    withFleet(async (fleet) => {
      const { servers, looking } = fleet
      await startWorkers(fleet, 2)
      await enqueue(fleet, { count: 1, ms: leaseMs + 3_000, isBlocking: true })
      await until(async () => (await countSucceeded(fleet)) === 1, { every, what: 'the job' })
      const { rows } = await looking.query('select claim, failures from holdfast.all_jobs')
      expect(rows).toEqual([{ claim: 1, failures: 0 }])
      expect(await findViolations(fleet)).toEqual([])
      await until(() =>
        servers.some((server) => server.output().includes('event loop blocked while jobs were running')),
      )
      expect(servers.filter((server) => server.output().includes('declared dead'))).toEqual([])
    }),
  timeoutMs,
)
