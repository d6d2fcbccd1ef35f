import { randomUUID } from 'node:crypto'
import { holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestService, type TestService, until } from 'holdfast/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { z } from 'zod'
import { systemClock } from '../../../kernel/base/clock.ts'
import type { Job } from '../../../kernel/background/job.ts'
import { createLogger } from '../../../kernel/base/log.ts'
import { schedule } from '../../../kernel/background/schedule.ts'
import { createPool, type Pool } from '../../../storage/postgres/pool/pool.ts'
import { startMessagePruning } from '../../messages/prune.ts'
import { type LeaderTasks, startLeaderTasks } from './leader-tasks.ts'
import type { Leadership } from './leadership.ts'
import { startPruning } from './prune.ts'
import { runSchedules } from '../schedules/run-schedules.ts'
import type { Waker } from '../../wakes/waker.ts'

// Runs every task of a leader in two processes at the same time, as may happen just after a new
// leader is elected. Work done by both processes must take effect only once.

const { job, service } = holdfast({ database: postgres() })
const input = z.object({ n: z.int().optional(), tick: z.string().optional() })
const plain = job({ name: 'plain', input, run: () => {} })
const limited = job({ name: 'limited', input, concurrency: { limit: 3 }, run: () => {} })
const paced = job({ name: 'paced', input, rate: { limit: 1, per: '1h' }, run: () => {} })
const ticking = job({ name: 'ticking', input, run: () => {} })
const everyMinute = schedule({
  name: 'every-minute',
  cron: '* * * * *',
  job: ticking,
  missed: 'all',
  input: (tick) => ({ tick: tick.toISOString() }),
})
const tested = service({ name: 'two-leaders', operations: {}, jobs: [plain, limited, paced, ticking] })

const log = createLogger({ level: 'error', write: (line) => console.error(line) })
const leadership: Leadership = { leads: true, isLeader: () => true, stop: async () => {} }
const waker: Waker = {
  isListening: true,
  session: null,
  send() {},
  listen: () => () => {},
  close: async () => {},
}
const jobs = new Map([plain, limited, paced, ticking].map((one) => [one.name, one as Job]))

interface Leader {
  readonly tasks: LeaderTasks
  now(): void
  stop(): Promise<void>
}

let on: TestService<{}>
let leaders: readonly Leader[]
beforeAll(async () => {
  on = await createTestService(tested, { worker: false })
})
afterAll(() => on[Symbol.asyncDispose]())

function lead(): Leader {
  const pool: Pool = createPool({ connectionString: on.databaseUrl, applicationName: 'leader', log, max: 5 })
  const shared = { service: 'two-leaders', pool, clock: systemClock, log, waker, leadership }
  const tasks = startLeaderTasks({
    ...shared,
    jobs,
    rescuer: () => ({ id: randomUUID(), reachableForMs: Infinity }),
  })
  const schedules = runSchedules({ ...shared, schedules: [everyMinute] })
  const pruning = startPruning({ ...shared, onReleased: () => {} })
  const messages = startMessagePruning({ pool, clock: systemClock, log })
  const all = [tasks, schedules, pruning, messages]
  return {
    tasks,
    now() {
      for (const task of all) task.now()
    },
    async stop() {
      await Promise.all(all.map((task) => task.stop()))
      await pool.end()
    },
  }
}

const count = async (where: string): Promise<number> =>
  (await on.sql<{ count: number }>(`select count(*)::integer as count from ${where}`))[0]!.count

async function insertJobs(name: string, state: string, many: number): Promise<void> {
  await on.sql(
    `insert into holdfast.jobs (id, service, name, input, state, run_at, limit_key, rate_key)
     select gen_random_uuid(), 'two-leaders', $1, json_build_object('n', n), $2, now() - interval '1 minute',
       case when $1 = 'limited' then '' end, case when $1 = 'paced' then '' end
     from generate_series(1, $3::integer) as n`,
    [name, state, many],
  )
}

test('two processes can run each task of a leader at the same time', async () => {
  await insertJobs('plain', 'scheduled', 300)
  await insertJobs('limited', 'limited', 40)
  await insertJobs('paced', 'limited', 10)
  await on.sql(
    `insert into holdfast.job_workers (id, service, host, pid, started_at) values ($1, 'two-leaders', 'gone', 1, now() - interval '1 hour')`,
    [randomUUID()],
  )
  await insertJobs('ticking', 'scheduled', 50)
  await on.sql(`
    update holdfast.jobs set state = 'running', claim = 1, started_at = now(), worker = (select id from holdfast.job_workers)
    where name = 'ticking'`)
  await on.sql(`
    insert into holdfast.job_schedules (service, name, cron, time_zone, done_until)
    values ('two-leaders', 'every-minute', '* * * * *', 'UTC', now() - interval '20 minutes')`)
  await on.sql(`
    insert into holdfast.messages (id, service, event, key, payload, published_at, position)
    select gen_random_uuid(), 's', 'e', 'k', 'null', now() - interval '40 days', n from generate_series(1, 100) as n`)

  leaders = [lead(), lead()]
  await until(async () => {
    for (const leader of leaders) leader.now()
    return (
      (await count(`holdfast.jobs where name = 'plain' and state = 'ready'`)) === 300 &&
      (await count(`holdfast.jobs where state = 'limited'`)) === 0 &&
      (await count(`holdfast.jobs where state = 'running'`)) === 0 &&
      (await count(`holdfast.job_workers`)) === 0 &&
      (await count(`holdfast.jobs where input ->> 'tick' is not null`)) >= 20 &&
      (await count(`holdfast.messages`)) === 0
    )
  })
  await Promise.all(leaders.map((leader) => leader.stop()))

  // Admission: as many jobs as the limit allows are ready, and each job is counted once.
  expect(await count(`holdfast.jobs where name = 'limited' and state = 'ready' and has_slot`)).toBe(3)
  expect(await count(`holdfast.jobs where name = 'limited' and state = 'blocked'`)).toBe(37)
  expect(await on.sql(`select slots from holdfast.job_limits where name = 'limited'`)).toEqual([{ slots: 3 }])
  // The rate limit lets each job run an hour after the previous job.
  expect(await count(`holdfast.jobs where name = 'paced' and state = 'ready'`)).toBe(1)
  const turns = `select distinct round(extract(epoch from run_at) / 3600) from holdfast.jobs where name = 'paced'`
  expect(await count(`(${turns}) as turns`)).toBe(10)
  // Rescue: each job has one failed attempt.
  expect(await count(`holdfast.jobs where name = 'ticking' and state = 'ready' and failures = 1`)).toBe(50)
  // Schedules: one job for each tick.
  const ticks = `select input ->> 'tick' as tick from holdfast.jobs where input ->> 'tick' is not null`
  expect(await count(`(select distinct tick from (${ticks}) as all_ticks) as ticks`)).toBe(
    await count(`(${ticks}) as ticks`),
  )
})
