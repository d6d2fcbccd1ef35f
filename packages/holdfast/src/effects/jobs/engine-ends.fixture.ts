import { until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { type Bench, type Benches, note } from './engine-bench.fixture.ts'

/** Tests of how jobs and workers stop, and of two workers running the same job at the same time. */
export function engineEnds(
  { jobs, work, start, released, release, runsOf, waitingFor }: Benches,
  runAgain: (on: Bench, id: string) => Promise<void>,
): void {
  test('a waiting job is cancelled permanently, a running one through its signal', async () => {
    const on = await start()
    let reason: unknown
    work.set('running', async ({ signal, db }) => {
      await note(db, 'of a cancelled job')
      await released(signal).catch((error: unknown) => {
        reason = error
        throw error
      })
    })
    const { id: waiting } = await on.transact(({ jobs: all }) =>
      all.enqueue(jobs.plain, { name: 'waiting' }, { delay: '1h' }),
    )
    const running = await on.enqueue(jobs.plain, 'running')
    await waitingFor(1)
    expect(
      await on.transact(async ({ jobs: all }) => [await all.cancel(waiting), await all.cancel(running)]),
    ).toEqual([true, true])
    await on.inState(waiting, 'cancelled')
    await on.inState(running, 'cancelled')
    await until(() => reason !== undefined || undefined)
    expect(reason).toMatchObject({ code: 'job-cancelled' })
    expect(await on.transact(({ jobs: all }) => all.cancel(running))).toBe(false)
    await on.noTransactions()
    expect(await on.effects()).toEqual([])
  })

  test('a worker that stops releases unfinished jobs, which does not count as an attempt', async () => {
    const on = await start({ worker: false })
    work.set('long', ({ signal }) => released(signal))
    const id = await on.enqueue(jobs.plain, 'long')
    const worker = await on.running.startWorker()
    await runsOf(1)
    expect(await Promise.all([worker!.stop(20), worker!.stop(20)])).toEqual([[id], [id]])
    expect(await worker!.stop(0)).toEqual([id])
    expect(await on.find(id)).toMatchObject({ failures: 0 })
    work.set('long', ({ attempt, db }) => note(db, `attempt ${attempt}`))
    const next = await on.running.startWorker()
    await on.inState(id, 'succeeded')
    await next!.stop(1_000)
    expect(await on.effects()).toEqual(['attempt 1'])
  })

  test('a worker that stops waits for jobs that end in time', async () => {
    const on = await start({ worker: false })
    work.set('a', async ({ db, signal }) => {
      await released(signal)
      await note(db, 'a')
    })
    const id = await on.enqueue(jobs.plain, 'a')
    const worker = await on.running.startWorker()
    await waitingFor(1)
    const stopped = worker!.stop(5_000)
    release()
    expect(await stopped).toEqual([])
    expect(await on.find(id)).toMatchObject({ state: 'succeeded' })
  })

  test('a job that two workers run at the same time takes effect once', async () => {
    const on = await start()
    work.set('a', async ({ db, signal }) => {
      await note(db, 'a')
      await released(signal)
    })
    const id = await on.enqueue(jobs.plain, 'a')
    await waitingFor(1)
    await runAgain(on, id)
    await waitingFor(2)
    release()
    await on.inState(id, 'succeeded')
    await on.noTransactions()
    expect(await on.effects()).toEqual(['a'])
  }, 60_000)
}
