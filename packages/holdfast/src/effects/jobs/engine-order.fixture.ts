import type { EnqueuedJob } from 'holdfast'
import { sql } from 'holdfast/postgres'
import { expect, test } from 'vitest'
import { type Benches, type EnginePromise } from './engine-bench.fixture.ts'

/** Tests of job order and of limits. */
export function engineOrder(
  { jobs, work, runs, start, released, release, runsOf, waitingFor }: Benches,
  promised: (promise: EnginePromise) => boolean,
): void {
  test('a unique job absorbs duplicates until it is claimed, or until it has ended', async () => {
    const on = await start()
    work.set('a', ({ signal }) => released(signal))
    const enqueueBoth = (): Promise<readonly EnqueuedJob[]> =>
      on.transact(async ({ jobs: all }) => [
        await all.enqueue(jobs.plain, { name: 'a' }, { unique: 'k' }),
        await all.enqueue(jobs.plain, { name: 'a' }, { unique: { key: 'l', until: 'ended' } }),
      ])
    const first = await enqueueBoth()
    expect(first).toMatchObject([{ isNew: true }, { isNew: true }])
    await runsOf(2)
    const second = await enqueueBoth()
    expect(second).toMatchObject([{ isNew: true }, { id: first[1]!.id, isNew: false }])
    expect(second[0]!.id).not.toBe(first[0]!.id)
    await waitingFor(3)
    release()
    for (const { id } of [...first, second[0]!]) await on.inState(id, 'succeeded')
    expect((await enqueueBoth())[1]).toMatchObject({ isNew: true })
    await waitingFor(2)
    release()
  })

  test('jobs of a higher priority run first, other jobs in their order, and delayed jobs later', async () => {
    const on = await start({ worker: false })
    await on.transact(async ({ jobs: all }) => {
      await all.enqueue(jobs.alone, { name: 'first' })
      await all.enqueue(jobs.alone, { name: 'second' })
      await all.enqueue(jobs.alone, { name: 'urgent' }, { priority: 10 })
      await all.enqueue(jobs.alone, { name: 'idle' }, { priority: -10 })
      await all.enqueue(jobs.alone, { name: 'late' }, { delay: '1h', priority: 20 })
    })
    const worker = await on.running.startWorker({ concurrency: 5 })
    await runsOf(4)
    await on.sql(`update holdfast.jobs set run_at = now() where state = 'scheduled'`)
    await runsOf(5)
    await worker!.stop(1_000)
    expect(runs).toEqual(['urgent', 'first', 'second', 'idle', 'late'])
  })

  test('a limit of one applies to all workers together', async () => {
    const on = await start({ worker: false })
    let running = 0
    let most = 0
    work.set('a', async ({ db }) => {
      running += 1
      most = Math.max(most, running)
      await db.query(sql`select pg_sleep(0.002)`)
      running -= 1
    })
    await on.enqueueEach(
      jobs.alone,
      Array.from({ length: 30 }, () => 'a'),
    )
    const workers = await Promise.all([1, 2, 3].map(() => on.running.startWorker({ concurrency: 4 })))
    await runsOf(30)
    await Promise.all(workers.map((worker) => worker!.stop(1_000)))
    expect(most).toBe(1)
    expect(runs).toHaveLength(30)
  })

  test('a rate limit spreads jobs out', async () => {
    const on = await start({ worker: false })
    const beganMs: number[] = []
    work.set('a', () => void beganMs.push(performance.now()))
    const workers = await Promise.all([1, 2].map(() => on.running.startWorker()))
    let committingMs = 0
    await on.transact(async ({ jobs: all }) => {
      await all.enqueueMany(
        jobs.paced,
        Array.from({ length: 11 }, () => ({ name: 'a' })),
      )
      // The time is measured from the commit, since the first handler may start after its job is
      // due.
      committingMs = performance.now()
    })
    await runsOf(11)
    await Promise.all(workers.map((worker) => worker!.stop(1_000)))
    // At ten jobs per second, the last job is due a second after the first job, minus a few
    // milliseconds of rounding.
    expect(beganMs.at(-1)! - committingMs).toBeGreaterThan(980)
  })

  test.runIf(promised('limits-per-key'))('a limit of a key does not affect other keys', async () => {
    const on = await start()
    work.set('a', ({ signal }) => released(signal))
    await on.enqueueEach(jobs.keyed, ['a', 'a', 'b'])
    await runsOf(2)
    expect(runs).toEqual(['a', 'b'])
    release()
    await runsOf(3)
  })

  test.runIf(promised('ordered'))('ordered jobs keep their order if one fails temporarily', async () => {
    const on = await start()
    work.set('b', ({ attempt }) => {
      if (attempt < 3) throw new RangeError('not yet')
    })
    await on.enqueueEach(jobs.ordered, ['a', 'b', 'c', 'd'])
    await runsOf(6)
    expect(runs).toEqual(['a', 'b', 'b', 'b', 'c', 'd'])
  })
}
