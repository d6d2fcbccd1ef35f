import type { Bench, Table } from '../benchmark.ts'
import { graphileWorkers, holdfasts, type Participant, pgBosses } from './participant.ts'
import type { Latencies, LatencyTask } from './programs/latency.ts'
import type { Contender, Stage } from './stage.ts'

interface Case {
  readonly participant: Participant
  readonly isOneProcess: boolean
}

interface Measured {
  readonly contender: Contender
  readonly isOneProcess: boolean
  readonly all: number[]
}

const inTwo: readonly Participant[] = [
  graphileWorkers.defaults,
  graphileWorkers.batched,
  pgBosses.defaults,
  pgBosses.notified,
  holdfasts.defaults,
]
const inOne: readonly Participant[] = [graphileWorkers.defaults, pgBosses.notified, holdfasts.defaults]
const cases: readonly Case[] = [
  ...inTwo.map((participant) => ({ participant, isOneProcess: false })),
  ...inOne.map((participant) => ({ participant, isOneProcess: true })),
]

const jobsPerSecond = 100
const portions = 5
const usualPauseMs = 60
const pgBossPollMs = 2_000
const longestMsPerSecond = 4_000

/** Measures the time from the commit of a job to its start on an idle worker. */
export async function latency(bench: Bench, stage: Stage): Promise<Table> {
  bench.notify('From commit to start')
  const measured: Measured[] = []
  for (const { participant, isOneProcess } of cases)
    measured.push({ contender: await stage.enter(participant), isOneProcess, all: [] })
  // Participants take turns, so that a temporary load on the machine affects all participants.
  for (let portion = 1; portion <= portions; portion += 1) {
    bench.notify(`part ${portion} of ${portions}`)
    for (const { contender, isOneProcess, all } of measured) {
      const latencies = await stage.run<LatencyTask, Latencies>('latency', contender, {
        task: {
          isOneProcess,
          maxPauseMs: contender.participant === pgBosses.defaults ? pgBossPollMs : usualPauseMs,
          jobs: (jobsPerSecond * bench.seconds) / portions,
          limitMs: longestMsPerSecond * bench.seconds,
        },
      })
      all.push(...latencies)
    }
  }
  return {
    title: 'From commit to start, on an idle worker',
    columns: [
      { heading: 'engine' },
      { heading: 'enqueuer and worker' },
      { heading: 'jobs', isFigure: true },
      { heading: 'p50 ms', isFigure: true },
      { heading: 'p99 ms', isFigure: true },
      { heading: 'longest ms', isFigure: true },
    ],
    rows: measured.map(({ contender, isOneProcess, all }) => [
      contender.name,
      isOneProcess ? 'one process' : 'two processes',
      String(all.length),
      ...[0.5, 0.99, 1].map((share) => quantile(all, share).toFixed(1)),
    ]),
  }
}

/** Returns a quantile of the figures. */
function quantile(figures: readonly number[], share: number): number {
  const sorted = figures.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}
