import type { ChildProcess } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench, Table } from '../benchmark.ts'
import { graphileWorkers, holdfasts, type Participant, pgBosses } from './participant.ts'
import type { HoldTask } from './programs/hold.ts'
import type { Contender, Stage } from './stage.ts'

interface Case {
  readonly participant: Participant
  /**
   * The documented time until a dead worker's job starts again, for engines that exceed this
   * benchmark's time limit.
   */
  readonly saidTakeOver?: string
}

const cases: readonly Case[] = [
  { participant: graphileWorkers.defaults, saidTakeOver: '4 h (documented)' },
  { participant: pgBosses.defaults, saidTakeOver: '15 min (documented)' },
  { participant: pgBosses.transactional, saidTakeOver: '15 min (documented)' },
  { participant: pgBosses.withHeartbeat },
  { participant: holdfasts.defaults },
]
const longestTakeOverMs = 180_000
const longestStartMs = 20_000
// The time to wait for the end of a job to be stored. It is longer than any engine takes.
const timeoutMs = 2_000

interface Place {
  readonly contender: Contender
  readonly stage: Stage
}

/** Measures what happens to a job whose worker is paused too long or killed. */
export async function deadWorkers(bench: Bench, stage: Stage): Promise<Table> {
  bench.notify('Stopped and killed workers')
  const rows: (readonly string[])[] = []
  for (const { participant } of cases) {
    bench.notify(participant.name)
    rows.push([participant.name, ...(await stop(await enter(participant, stage)))])
  }
  // The kills run at the same time, because they mostly wait.
  const takeOvers = await Promise.all(
    cases.map(async ({ participant, saidTakeOver }) => {
      if (saidTakeOver !== undefined) return saidTakeOver
      return `${((await kill(await enter(participant, stage))) / 1_000).toFixed(0)} s`
    }),
  )
  return {
    title: 'A worker that is paused while another takes over its job, and a killed worker',
    columns: [
      { heading: 'engine' },
      { heading: 'completion by the paused worker' },
      { heading: 'rows written by the job', isFigure: true },
      { heading: 'restarted after a kill' },
    ],
    rows: rows.map((cells, index) => [...cells, takeOvers[index]!]),
  }
}

async function enter(participant: Participant, stage: Stage): Promise<Place> {
  const contender = await stage.enter(participant)
  await stage.sql(
    contender,
    'create table holders (name text primary key, has_begun boolean default false, is_held boolean default true)',
  )
  return { contender, stage }
}

/**
 * Pauses the first worker and releases its job to a second worker. Then lets the first worker
 * complete the job while the second worker runs it.
 */
async function stop(place: Place): Promise<readonly string[]> {
  const { contender, stage } = place
  const first = await startHolder('first', place)
  await stage.sql(contender, contender.engine.fill, [1])
  await untilBegun('first', place)
  first.kill('SIGSTOP')
  const second = await startHolder('second', place)
  await stage.sql(contender, contender.engine.rescueJobs)
  await untilBegun('second', place)
  first.kill('SIGCONT')
  await release('first', place)
  await sleep(timeoutMs)
  const isFenced = (await countUnfinished(place)) === 1
  await release('second', place)
  await sleep(timeoutMs)
  if ((await countUnfinished(place)) > 0) throw new Error(`The job of ${contender.name} never ended.`)
  const [written] = await stage.sql<{ count: number }>(
    contender,
    'select count(*)::int as count from receipts',
  )
  await Promise.all([stage.stop(first), stage.stop(second)])
  return [isFenced ? 'refused' : 'accepted for the other worker', String(written!.count)]
}

/**
 * Returns the time from the kill of the first worker until the second starts its job, in
 * milliseconds.
 */
async function kill(place: Place): Promise<number> {
  const { contender, stage } = place
  const first = await startHolder('first', place)
  await stage.sql(contender, contender.engine.fill, [1])
  await untilBegun('first', place)
  const second = await startHolder('second', place)
  const killedMs = performance.now()
  first.kill('SIGKILL')
  await stage.stop(first)
  await untilBegun('second', place, longestTakeOverMs)
  const tookMs = performance.now() - killedMs
  await release('second', place)
  await stage.stop(second)
  return tookMs
}

async function startHolder(holder: string, { contender, stage }: Place): Promise<ChildProcess> {
  const child = stage.start<HoldTask>('hold', contender, { task: { holder } })
  await untilThere(
    () => stage.sql(contender, 'select from holders where name = $1', [holder]),
    longestStartMs,
  )
  return child
}

function untilBegun(
  holder: string,
  { contender, stage }: Place,
  maxMs: number = longestStartMs,
): Promise<void> {
  const look = 'select from holders where name = $1 and has_begun'
  return untilThere(() => stage.sql(contender, look, [holder]), maxMs)
}

async function release(holder: string, { contender, stage }: Place): Promise<void> {
  await stage.sql(contender, 'update holders set is_held = false where name = $1', [holder])
}

async function countUnfinished({ contender, stage }: Place): Promise<number> {
  const [row] = await stage.sql<{ count: number }>(contender, contender.engine.countUnfinished)
  return row!.count
}

async function untilThere(look: () => Promise<readonly unknown[]>, maxMs: number): Promise<void> {
  const endMs = performance.now() + maxMs
  while ((await look()).length === 0) {
    if (performance.now() > endMs) throw new Error(`There was no result within ${maxMs} ms.`)
    await sleep(50)
  }
}
