import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createTestService, type TestService, until } from 'holdfast/testing'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { bundleProgram } from '../../../../test/bundle-program.ts'
import { losing } from './lost-claims.fixture.ts'

// A worker's crash costs an attempt only for jobs that had started.

const program = await bundleProgram(new URL('lost-claims-main.fixture.ts', import.meta.url))

let on: TestService<typeof losing.operations>
const children: ChildProcess[] = []

beforeAll(async () => {
  on = await createTestService(losing, { worker: false })
})
afterAll(() => on.stop())
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  await on.sql('truncate holdfast.jobs, holdfast.ended_jobs, holdfast.job_workers')
})

/**
 * Starts a worker in a child process; `began` contains the numbers of the jobs that have started.
 */
function startChild(): { readonly child: ChildProcess; readonly began: number[] } {
  const began: number[] = []
  const child = fork(program.file, {
    execArgv: [...program.execArgv],
    env: { PATH: process.env['PATH'] ?? '', DATABASE_URL: on.databaseUrl },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  child.on('message', (message) => began.push((message as { readonly began: number }).began))
  children.push(child)
  return { child, began }
}

const insertJobs = (name: string, count: number): Promise<unknown> =>
  on.sql(
    `insert into holdfast.jobs (service, id, name, input, state)
     select 'losing', gen_random_uuid(), $1, json_build_object('n', n), 'ready' from generate_series(1, $2::int) as n`,
    [name, count],
  )

/** Declares the worker dead without waiting 15 seconds for its lease to end. */
const declareDead = (): Promise<unknown> => on.sql('delete from holdfast.job_workers')

const countOf = async (state: string): Promise<number> =>
  (
    await on.sql<{ count: number }>('select count(*)::int as count from holdfast.all_jobs where state = $1', [
      state,
    ])
  )[0]!.count

test('a crash fails only started jobs that have a single attempt', async () => {
  await insertJobs('hang', 10)
  const { child, began } = startChild()
  await until(() => began.length === 10)
  // Jobs that a worker has claimed ahead, because they are short.
  await on.sql(`insert into holdfast.job_pauses (service, name) values ('losing', 'hang')`)
  await insertJobs('hang', 34)
  await on.sql(`
    update holdfast.jobs set state = 'running', claim = 1, claimed_at = now(), worker = (select id from holdfast.job_workers)
    where state = 'ready'`)
  expect(await countOf('running')).toBe(44)
  child.kill('SIGKILL')
  await once(child, 'exit')
  await on.sql('delete from holdfast.job_pauses')
  await declareDead()
  const worker = await on.running.startWorker()
  await until(async () => (await countOf('succeeded')) + (await countOf('dead')) === 44)
  await worker!.stop(1_000)
  expect([await countOf('dead'), await countOf('succeeded')]).toEqual([10, 34])
  expect(
    await on.sql('select distinct state, failures, claim from holdfast.all_jobs order by state'),
  ).toEqual([
    { state: 'dead', failures: 1, claim: 1 },
    { state: 'succeeded', failures: 0, claim: 2 },
  ])
})

test('a job that kills its process immediately does so at most once more than its max number of attempts', async () => {
  await insertJobs('kill', 1)
  for (const [expected, left] of [
    ['running', { failures: 0, lost_claims: 0 }],
    ['running', { failures: 0, lost_claims: 1 }],
    ['running', { failures: 1, lost_claims: 0 }],
  ] as const) {
    const { child } = startChild()
    await once(child, 'exit')
    expect(await on.sql('select state, failures, lost_claims from holdfast.jobs')).toEqual([
      { state: expected, ...left },
    ])
    await declareDead()
  }
  const { child, began } = startChild()
  await until(async () => (await countOf('dead')) === 1)
  child.kill('SIGKILL')
  expect(began).toEqual([])
})
