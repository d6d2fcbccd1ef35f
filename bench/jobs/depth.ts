import type { Bench, Table } from '../benchmark.ts'
import { interleave } from '../interleave.ts'
import { median, medianRatio } from '../median.ts'
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
    const { handled, seconds } = await stage.run<WorkTask, Worked>('work', contender, {
      core: 0,
      task: { jobs, writes: false, leavesOthers: true, limitMs: 60_000 },
    })
    return handled / seconds
  })
  return {
    title: `Jobs per second with ${thousands(shallow)} and ${thousands(deep)} waiting jobs`,
    columns: [
      { heading: 'engine' },
      { heading: `with ${thousands(shallow)}`, isFigure: true },
      { heading: `with ${thousands(deep)}`, isFigure: true },
      { heading: 'ratio', isFigure: true },
    ],
    rows: pairs.map(([few, many]) => {
      const [fewRates, manyRates] = [figures.get(few)!, figures.get(many)!]
      return [
        few.contender.participant.name,
        median(fewRates).toFixed(0),
        median(manyRates).toFixed(0),
        medianRatio(manyRates, fewRates).toFixed(2),
      ]
    }),
  }
}

/** Adds jobs until as many wait. */
async function fillUp(stage: Stage, contender: Contender, wanted: number): Promise<void> {
  const [row] = await stage.sql<{ count: number }>(contender, contender.engine.countUnfinished)
  await stage.sql(contender, contender.engine.fill, [wanted - row!.count])
  await stage.sql(contender, 'vacuum analyze')
}
