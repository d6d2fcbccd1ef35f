import { GiveUp, RetryLater } from 'holdfast'
import { redriveJobs, type StatementClient } from 'holdfast/jobs'
import { sql } from 'holdfast/postgres'
import { until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { type Bench, type Benches, type EnginePromise, note } from './engine-bench.fixture.ts'

const clientOf = (on: Bench): StatementClient => ({
  async query(text, values = []) {
    const rows = await on.sql(text, values)
    return { rows, rowCount: rows.length }
  },
})

/** Tests of attempts, with their effects and failures. */
export function engineAttempts(
  { jobs, work, runs, start, released, runsOf }: Benches,
  promised: (promise: EnginePromise) => boolean,
): void {
  test('a job runs after its mutation has committed, and commits with its own effects', async () => {
    const on = await start()
    work.set('a', ({ db }) => note(db, 'a'))
    await on.inState(await on.enqueue(jobs.plain, 'a'), 'succeeded')
    expect(await on.effects()).toEqual(['a'])
    expect(runs).toEqual(['a'])
  })

  test('a job that does not use the database runs too', async () => {
    const on = await start()
    await on.inState(await on.enqueue(jobs.plain, 'a'), 'succeeded')
    expect(runs).toEqual(['a'])
  })

  test('a failed mutation has enqueued nothing', async () => {
    const on = await start()
    const failing = on.transact(async ({ jobs: all }) => {
      await all.enqueue(jobs.plain, { name: 'never' })
      throw new TypeError('broken')
    })
    await expect(failing).rejects.toMatchObject({ status: 500 })
    await on.inState(await on.enqueue(jobs.plain, 'after'), 'succeeded')
    expect(runs).toEqual(['after'])
  })

  test('a job enqueues other jobs in its own commit', async () => {
    const on = await start()
    work.set('parent', async ({ jobs: all, attempt }) => {
      await all.enqueue(jobs.plain, { name: `child of ${attempt}` })
      if (attempt === 1) throw new RangeError('not yet')
    })
    await on.enqueue(jobs.plain, 'parent')
    await runsOf(3)
    expect(runs).toEqual(['parent', 'parent', 'child of 2'])
  })

  test('a job that throws undoes its effects, is retried, and dies after its last attempt', async () => {
    const on = await start()
    work.set('a', async ({ db, attempt }) => {
      await note(db, `attempt ${attempt}`)
      throw new RangeError(`no ${attempt}`)
    })
    const row = await on.inState(await on.enqueue(jobs.plain, 'a'), 'dead')
    expect(row).toMatchObject({ failures: 3, failure: { name: 'RangeError', message: 'no 3', attempt: 3 } })
    expect(await on.effects()).toEqual([])
    expect(runs).toHaveLength(3)
  })

  test('a job that throws GiveUp is not retried', async () => {
    const on = await start()
    work.set('a', () => {
      throw new GiveUp('no such account')
    })
    const row = await on.inState(await on.enqueue(jobs.plain, 'a'), 'dead')
    expect(row).toMatchObject({ failures: 1, failure: { message: 'no such account' } })
  })

  test('a job that throws RetryLater is retried at the requested time', async () => {
    const on = await start()
    const beganMs: number[] = []
    const attempts: number[] = []
    work.set('a', ({ attempt }) => {
      beganMs.push(performance.now())
      attempts.push(attempt)
      if (beganMs.length === 1) throw new RetryLater('400ms', 'busy')
      if (beganMs.length === 2) throw new RetryLater('1ms', 'failed', { countsAsAttempt: true })
    })
    const row = await on.inState(await on.enqueue(jobs.plain, 'a'), 'succeeded')
    expect(beganMs[1]! - beganMs[0]!).toBeGreaterThan(390)
    // A snooze does not count as an attempt unless the error requests it.
    expect(attempts).toEqual([1, 1, 2])
    expect(row).toMatchObject({ failures: 1 })
  })

  test('a failure that is unrelated to a job does not count as an attempt', async () => {
    const on = await start()
    work.set('a', async ({ db }) => {
      await db.query(sql`select pg_terminate_backend(pg_backend_pid())`)
    })
    const id = await on.enqueue(jobs.plain, 'a')
    await runsOf(4)
    work.set('a', ({ attempt, db }) => note(db, `attempt ${attempt}`))
    expect(await on.inState(id, 'succeeded')).toMatchObject({ failures: 0 })
    expect(await on.effects()).toEqual(['attempt 1'])
  })

  test('an attempt ends at its deadline, and so does its statement', async () => {
    const on = await start()
    work.set('a', async ({ db }) => {
      await db.query(sql`select pg_sleep(30)`)
    })
    const row = await on.inState(await on.enqueue(jobs.short, 'a'), 'dead')
    expect(row).toMatchObject({ failure: { code: 'deadline-exceeded' } })
    await on.noTransactions()
  })

  test('a job whose input the schema no longer accepts is dead immediately', async () => {
    const on = await start({ worker: false })
    const id = await on.enqueue(jobs.plain, 'a')
    await on.sql(`update holdfast.jobs set input = '{"name":1}' where id = $1`, [id])
    const worker = await on.running.startWorker()
    expect(await on.inState(id, 'dead')).toMatchObject({
      failures: 1,
      failure: { code: 'job-input-outdated' },
    })
    await worker!.stop(1_000)
    expect(runs).toEqual([])
  })

  test('a redriven job runs again', async () => {
    const on = await start()
    work.set('a', () => {
      throw new GiveUp('broken')
    })
    const id = await on.enqueue(jobs.plain, 'a')
    await on.inState(id, 'dead')
    work.clear()
    expect(await redriveJobs(clientOf(on), jobs.plain.name)).toMatchObject({ ids: [id], left: 0 })
    await on.inState(id, 'succeeded')
  })

  test.runIf(promised('steps'))('a redriven job does not repeat its finished steps', async () => {
    const on = await start()
    const done: string[] = []
    let isBroken = true
    work.set('a', async ({ step }) => {
      await step('charge', () => void done.push('charge'))
      if (isBroken) throw new GiveUp('broken')
      await step('ship', () => void done.push('ship'))
    })
    const id = await on.enqueue(jobs.plain, 'a')
    const dead = await on.inState(id, 'dead')
    isBroken = false
    await redriveJobs(clientOf(on), jobs.plain.name)
    const succeeded = await on.inState(id, 'succeeded')
    expect(done).toEqual(['charge', 'ship'])
    // Claim numbers are never reused, so the fence rejects statements that an earlier attempt still
    // sends.
    expect(succeeded.claim).toBeGreaterThan(dead.claim)
  })

  test.runIf(promised('steps'))('a completed step is not repeated', async () => {
    const on = await start()
    let charges = 0
    work.set('a', async ({ step, attempt }) => {
      await step('charge', () => (charges += 1))
      if (attempt === 1) throw new RangeError('not yet')
    })
    await on.inState(await on.enqueue(jobs.plain, 'a'), 'succeeded')
    expect(charges).toBe(1)
  })

  test.runIf(promised('progress-in-the-database'))('progress is stored while a job runs', async () => {
    const on = await start()
    work.set('a', ({ progress, signal }) => {
      progress({ done: 1, of: 2 })
      return released(signal)
    })
    const id = await on.enqueue(jobs.plain, 'a')
    await until(async () => (await on.find(id)).progress ?? undefined)
    expect((await on.find(id)).progress).toEqual({ done: 1, of: 2 })
  })
}
