import type { Bench, Table } from '../benchmark.ts'
import { interleave } from '../interleave.ts'
import { median, medianRatio } from '../median.ts'
import { toMicroseconds } from '../to-microseconds.ts'
import { graphileWorkers, holdfasts, type Participant, pgBosses } from './participant.ts'
import type { Worked, WorkTask } from './programs/work.ts'
import { thousands } from './thousands.ts'
import type { Contender, Stage } from './stage.ts'

interface Depth {
  readonly name: string
  readonly contender: Contender
  /** Number of waiting jobs. */
  readonly waiting: number
}

const participants: readonly Participant[] = [
  graphileWorkers.defaults,
  graphileWorkers.batched,
  pgBosses.batches,
  pgBosses.largeBatches,
  holdfasts.defaults,
]
const shallow = 1_000
const jobsPerSecond = 4_000

/** Measures the effect of many waiting jobs on the throughput. */
export async function depth(bench: Bench, stage: Stage, deep: number): Promise<Table> {
  bench.notify(`${shallow} and ${deep} waiting jobs`)
  const pairs: (readonly [shallow: Depth, deep: Depth])[] = []
  for (const participant of participants) {
    const enter = async (waiting: number): Promise<Depth> => {
      const name = `${participant.name}, ${waiting}`
      return { name, waiting, contender: await stage.enter(participant, name) }
    }
    pairs.push([await enter(shallow), await enter(deep)])
  }
  const jobs = jobsPerSecond * bench.seconds
  const figures = await interleave(pairs.flat(), bench, async ({ contender, waiting }) => {
    await fillUp(stage, contender, waiting + jobs)
    return stage.run<WorkTask, Worked>('work', contender, {
      core: 0,
      task: { jobs, writes: false, leavesOthers: true, limitMs: 60_000 },
    })
  })
  const [few, many] = [`with ${thousands(shallow)}`, `with ${thousands(deep)}`]
  return {
    title: `Jobs ${few} and ${many} waiting ones`,
    columns: [
      { heading: 'engine' },
      { heading: `CPU of the worker per job µs ${few}`, isFigure: true },
      { heading: many, isFigure: true },
      { heading: `of Postgres µs ${few}`, isFigure: true },
      { heading: many, isFigure: true },
      { heading: 'both, ratio', isFigure: true },
      { heading: `jobs/s ${few}`, isFigure: true },
      { heading: many, isFigure: true },
      { heading: 'ratio', isFigure: true },
    ],
    rows: pairs.map((pair) => [
      pair[0].contender.participant.name,
      ...toCells(figures.get(pair[0])!, figures.get(pair[1])!),
    ]),
  }
}

function toCells(few: readonly Worked[], many: readonly Worked[]): readonly string[] {
  const own = ({ cpu }: Worked): number => cpu.own
  const ofPostgres = ({ cpu }: Worked): number => cpu.postgres
  const both = (worked: Worked): number => own(worked) + ofPostgres(worked)
  const rate = ({ handled, seconds }: Worked): number => handled / seconds
  return [
    toMicroseconds(few.map(own)),
    toMicroseconds(many.map(own)),
    toMicroseconds(few.map(ofPostgres)),
    toMicroseconds(many.map(ofPostgres)),
    medianRatio(many.map(both), few.map(both)).toFixed(2),
    median(few.map(rate)).toFixed(0),
    median(many.map(rate)).toFixed(0),
    medianRatio(many.map(rate), few.map(rate)).toFixed(2),
  ]
}

/** Adds jobs until the wanted number of jobs is waiting. */
async function fillUp(stage: Stage, contender: Contender, wanted: number): Promise<void> {
  const [row] = await stage.sql<{ count: number }>(contender, contender.engine.countUnfinished)
  await stage.sql(contender, contender.engine.fill, [wanted - row!.count])
  await stage.sql(contender, 'vacuum analyze')
}
