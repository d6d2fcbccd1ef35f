import type { Bench, Table } from '../benchmark.ts'
import { interleave } from '../interleave.ts'
import { median, medianRatio } from '../median.ts'
import { concurrency } from './engine.ts'
import { graphileWorkers, holdfasts, type Participant, pgBosses } from './participant.ts'
import type { Enqueued, EnqueueTask } from './programs/enqueue.ts'
import type { Worked, WorkTask } from './programs/work.ts'
import type { Contender, Stage } from './stage.ts'

interface Rates {
  readonly enqueued: number
  readonly workedOff: number
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

/**
 * Measures the number of jobs that are enqueued one at a time per second, and the number that are
 * processed per second.
 */
export async function throughput(bench: Bench, stage: Stage): Promise<readonly Table[]> {
  const tables: Table[] = []
  for (const kind of kinds) {
    bench.notify(kind.title)
    const contenders: Contender[] = []
    for (const participant of kind.participants) contenders.push(await stage.enter(participant))
    const figures = await interleave(contenders, bench, (contender) =>
      measure(contender, stage, { writes: kind.writes, seconds: bench.seconds }),
    )
    tables.push(toTable(kind, figures))
  }
  return tables
}

async function measure(
  contender: Contender,
  stage: Stage,
  { writes, seconds }: { readonly writes: boolean; readonly seconds: number },
): Promise<Rates> {
  const jobs = enqueuedPerSecond * seconds
  await stage.sql(contender, contender.engine.clear)
  const { perSecond } = await stage.run<EnqueueTask, Enqueued>('enqueue', contender, {
    core: 0,
    task: { jobs },
  })
  // There are enough waiting jobs for the fastest engine. SQL inserts them, because enqueueing them
  // one at a time would take too long.
  const waiting = waitingPerSecond * seconds
  await stage.sql(contender, contender.engine.fill, [waiting - jobs])
  // This brings the tables to the state that they would have if the jobs had been enqueued more
  // slowly.
  await stage.sql(contender, 'vacuum analyze')
  const worked = await stage.run<WorkTask, Worked>('work', contender, {
    core: 0,
    task: { jobs: waiting, writes, leavesOthers: false, limitMs: 2_000 * seconds },
  })
  return { enqueued: perSecond, workedOff: worked.handled / worked.seconds }
}

function toTable({ title, writes }: Kind, figures: ReadonlyMap<Contender, readonly Rates[]>): Table {
  const own = [...figures].at(-1)![1]
  return {
    title,
    columns: [
      { heading: 'engine' },
      ...(writes ? [{ heading: 'the row and the completion of the job' }] : []),
      { heading: 'enqueued/s', isFigure: true },
      { heading: 'holdfast to it', isFigure: true },
      { heading: 'processed/s', isFigure: true },
      { heading: 'holdfast to it', isFigure: true },
    ],
    rows: [...figures].map(([{ name, participant }, rates]) => [
      name,
      ...(writes ? [togetherness(participant)] : []),
      ...toCells(rates, own, 'enqueued'),
      ...toCells(rates, own, 'workedOff'),
    ]),
  }
}

function togetherness({ engine }: Participant): string {
  return engine === 'graphile-worker' ? 'two transactions' : 'one transaction'
}

function toCells(rates: readonly Rates[], own: readonly Rates[], which: keyof Rates): readonly string[] {
  const figures = rates.map((rate) => rate[which])
  return [
    median(figures).toFixed(0),
    medianRatio(
      own.map((rate) => rate[which]),
      figures,
    ).toFixed(2),
  ]
}
