import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench, Table } from '../benchmark.ts'
import { graphileWorkers, holdfasts, type Participant, pgBosses } from './participant.ts'
import type { Worked, WorkTask } from './programs/work.ts'
import type { Contender, Stage } from './stage.ts'
import { thousands } from './thousands.ts'

interface Size {
  readonly bytes: number
  readonly liveRows: number
  readonly deadRows: number
}

const participants: readonly Participant[] = [
  graphileWorkers.batched,
  pgBosses.forgetful,
  holdfasts.forgetful,
]
const waves = 10
const longestWaveMs = 600_000
const longestVacuumMs = 20_000

/** Measures whether the tables of an engine grow permanently with the number of processed jobs. */
export async function bloat(bench: Bench, stage: Stage, jobs: number): Promise<Table> {
  bench.notify(`${thousands(jobs)} jobs in ${waves} waves`)
  const rows: (readonly string[])[] = []
  for (const participant of participants) {
    bench.notify(participant.name)
    const contender = await stage.enter(participant)
    rows.push([participant.name, ...toCells(await measure(contender, stage, jobs / waves))])
  }
  return {
    title: `Table size while ${thousands(jobs)} jobs are processed, ${thousands(jobs / waves)} at a time`,
    columns: [
      { heading: 'engine' },
      { heading: 'MiB with the first wave enqueued', isFigure: true },
      { heading: 'after 1 wave', isFigure: true },
      { heading: 'after 2', isFigure: true },
      { heading: `after ${waves}`, isFigure: true },
      { heading: `growth from wave 2 to ${waves}`, isFigure: true },
      { heading: 'live rows then', isFigure: true },
      { heading: 'dead rows then', isFigure: true },
    ],
    rows,
  }
}

/** The sizes after the first jobs were enqueued, and after each wave. */
async function measure(contender: Contender, stage: Stage, jobs: number): Promise<readonly Size[]> {
  const sizes: Size[] = []
  for (let wave = 1; wave <= waves; wave += 1) {
    await stage.sql(contender, contender.engine.fill, [jobs])
    if (wave === 1) sizes.push(await sizeOf(contender, stage))
    const { handled } = await stage.run<WorkTask, Worked>('work', contender, {
      task: { jobs, writes: false, leavesOthers: false, limitMs: longestWaveMs },
    })
    if (handled < jobs)
      throw new Error(`${contender.name} processed ${handled} of ${jobs} jobs in ${longestWaveMs} ms.`)
    await untilVacuumed(contender, stage)
    sizes.push(await sizeOf(contender, stage))
  }
  return sizes
}

/** Waits for a while for autovacuum, which runs every 5 seconds. It may have nothing to do. */
async function untilVacuumed(contender: Contender, stage: Stage): Promise<void> {
  const endMs = performance.now() + longestVacuumMs
  while (performance.now() < endMs) {
    const due = await stage.sql(
      contender,
      `select from pg_stat_user_tables
       where schemaname = $1 and n_dead_tup > 1000 and n_dead_tup > n_live_tup * 0.25`,
      [contender.engine.schema],
    )
    if (due.length === 0) return
    await sleep(100)
  }
}

async function sizeOf(contender: Contender, stage: Stage): Promise<Size> {
  const [row] = await stage.sql<{ bytes: string; live: string; dead: string }>(
    contender,
    `select sum(pg_total_relation_size(relid)) as bytes, sum(n_live_tup) as live, sum(n_dead_tup) as dead
     from pg_stat_user_tables where schemaname = $1`,
    [contender.engine.schema],
  )
  return { bytes: Number(row!.bytes), liveRows: Number(row!.live), deadRows: Number(row!.dead) }
}

function toCells(sizes: readonly Size[]): readonly string[] {
  const [filled, first, second] = sizes as readonly [Size, Size, Size]
  const last = sizes.at(-1)!
  return [
    ...[filled, first, second, last].map(({ bytes }) => (bytes / 1024 ** 2).toFixed(0)),
    (last.bytes / second.bytes).toFixed(2),
    thousands(last.liveRows),
    thousands(last.deadRows),
  ]
}
