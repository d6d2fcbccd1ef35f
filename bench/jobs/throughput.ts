import type { Bench, Table } from '../benchmark.ts'
import { interleave } from '../interleave.ts'
import { median, medianRatio } from '../median.ts'
import { toMicroseconds } from '../to-microseconds.ts'
import { concurrency } from './engine.ts'
import { graphileWorkers, holdfasts, type Participant, pgBosses } from './participant.ts'
import type { Enqueued, EnqueueTask } from './programs/enqueue.ts'
import type { CpuTime } from './programs/task.ts'
import type { Worked, WorkTask } from './programs/work.ts'
import type { Contender, Stage } from './stage.ts'

interface Cost {
  readonly perSecond: number
  /** The CPU time per job. */
  readonly cpu: CpuTime
}

interface Costs {
  readonly enqueuing: Cost
  readonly processing: Cost
}

interface Kind {
  readonly title: string
  /** True if the jobs write a row. */
  readonly writes: boolean
  readonly participants: readonly Participant[]
}

// The last participant is compared with the others.
const kinds: readonly Kind[] = [
  {
    title: `Empty jobs, ${concurrency} at a time`,
    writes: false,
    participants: [
      graphileWorkers.defaults,
      graphileWorkers.batched,
      pgBosses.defaults,
      pgBosses.oneByOne,
      pgBosses.batches,
      pgBosses.largeBatches,
      holdfasts.withoutKey,
      holdfasts.withoutTelemetry,
      holdfasts.defaults,
    ],
  },
  {
    title: `Jobs that write a row, ${concurrency} at a time`,
    writes: true,
    participants: [
      graphileWorkers.defaults,
      graphileWorkers.batched,
      pgBosses.transactional,
      holdfasts.defaults,
    ],
  },
]

const enqueuedPerSecond = 1_000
const waitingPerSecond = 20_000

/** Measures the CPU time and the rate of enqueuing jobs one at a time, and of processing them. */
export async function throughput(bench: Bench, stage: Stage): Promise<readonly Table[]> {
  const tables: Table[] = []
  for (const kind of kinds) {
    bench.notify(kind.title)
    const contenders: Contender[] = []
    for (const participant of kind.participants) contenders.push(await stage.enter(participant))
    const figures = await interleave(contenders, bench, (contender) =>
      measure(contender, stage, { writes: kind.writes, seconds: bench.seconds }),
    )
    tables.push(toTable(kind, 'processing', figures), toTable(kind, 'enqueuing', figures))
  }
  return tables
}

async function measure(
  contender: Contender,
  stage: Stage,
  { writes, seconds }: { readonly writes: boolean; readonly seconds: number },
): Promise<Costs> {
  const jobs = enqueuedPerSecond * seconds
  await stage.sql(contender, contender.engine.clear)
  const enqueuing = await stage.run<EnqueueTask, Enqueued>('enqueue', contender, {
    core: 0,
    task: { jobs },
  })
  // There are enough waiting jobs for the fastest engine. SQL inserts them, because enqueuing them
  // one at a time would take too long.
  const waiting = waitingPerSecond * seconds
  await stage.sql(contender, contender.engine.fill, [waiting - jobs])
  // Afterwards, the tables are in the same state as if the jobs had been enqueued more slowly.
  await stage.sql(contender, 'vacuum analyze')
  const worked = await stage.run<WorkTask, Worked>('work', contender, {
    core: 0,
    task: { jobs: waiting, writes, leavesOthers: false, limitMs: 2_000 * seconds },
  })
  const processing: Cost = { perSecond: worked.handled / worked.seconds, cpu: worked.cpu }
  // This leaves no work for autovacuum, which would disturb the measurement of the other
  // participants.
  await stage.sql(contender, contender.engine.clear)
  await stage.sql(contender, 'vacuum analyze')
  return { enqueuing, processing }
}

const actors = { enqueuing: 'enqueuer', processing: 'worker' } as const

function toTable(
  { title, writes }: Kind,
  part: keyof Costs,
  figures: ReadonlyMap<Contender, readonly Costs[]>,
): Table {
  const own = [...figures].at(-1)![1].map((costs) => costs[part])
  return {
    title: `${title}: ${part}`,
    columns: [
      { heading: 'engine' },
      { heading: `CPU of the ${actors[part]} per job µs`, isFigure: true },
      { heading: 'of Postgres µs', isFigure: true },
      { heading: 'both ÷ holdfast', isFigure: true },
      { heading: 'jobs/s', isFigure: true },
      { heading: '÷ holdfast', isFigure: true },
      ...(writes && part === 'processing' ? [{ heading: 'the row and the completion of the job' }] : []),
    ],
    rows: [...figures].map(([{ name, participant }, costs]) => [
      name,
      ...toCells(
        costs.map((cost) => cost[part]),
        own,
      ),
      ...(writes && part === 'processing' ? [togetherness(participant)] : []),
    ]),
  }
}

function togetherness({ engine }: Participant): string {
  return engine === 'graphile-worker' ? 'two transactions' : 'one transaction'
}

function toCells(costs: readonly Cost[], own: readonly Cost[]): readonly string[] {
  const both = (cost: Cost): number => cost.cpu.own + cost.cpu.postgres
  const rate = (cost: Cost): number => cost.perSecond
  return [
    toMicroseconds(costs.map(({ cpu }) => cpu.own)),
    toMicroseconds(costs.map(({ cpu }) => cpu.postgres)),
    medianRatio(costs.map(both), own.map(both)).toFixed(2),
    median(costs.map(rate)).toFixed(0),
    medianRatio(costs.map(rate), own.map(rate)).toFixed(2),
  ]
}
