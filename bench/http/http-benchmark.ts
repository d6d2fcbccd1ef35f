import type { Benchmark, Table } from '../benchmark.ts'
import { interleave } from '../interleave.ts'
import { median, medianRatio } from '../median.ts'
import { checkFeatures } from './check-features.ts'
import { load, type Throughput } from './load.ts'
import { checked, type Participant } from './participants.ts'
import { startBackends } from './start-backends.ts'
import { type Server, startServer } from './start-server.ts'
import { type Task, tasks } from './tasks.ts'

type Figures = ReadonlyMap<Participant, readonly Throughput[]>

/** The cost of a JSON route, of reading one row, and of a mutation. */
export const httpBenchmark: Benchmark = async (bench) => {
  const backends = await startBackends(bench)
  const { redisPorts } = backends
  const isPresent = ({ redis }: Participant): boolean => redis === undefined || redisPorts.has(redis)
  const features = await checkFeatures(checked.filter(isPresent), backends, bench)
  const servers = new Map<string, Server>()
  const tables: Table[] = []
  for (const task of tasks) {
    bench.notify(task.name)
    const present = task.participants.filter(isPresent)
    for (const participant of present) {
      const key = serverKey(participant)
      if (servers.has(key)) continue
      const { processes } = bench
      servers.set(key, await startServer(participant, backends, { processes, core: 0 }))
    }
    const figures = await interleave(present, bench, (participant) =>
      load(bench.processes, { ...servers.get(serverKey(participant))!, ...task, seconds: bench.seconds }),
    )
    tables.push(toTable(task, figures))
  }
  return [...tables, features]
}

/**
 * Returns a key, which is equal for participants that differ only in name and so can share a
 * server.
 */
function serverKey({ server, runtime, env, redis, sends, usesSocket }: Participant): string {
  return JSON.stringify({ server, runtime, env, redis, sends, usesSocket })
}

function toTable({ name, isMutation = false, participants, base }: Task, figures: Figures): Table {
  return {
    title: name,
    columns: [
      { heading: 'server' },
      { heading: 'CPU per request µs', isFigure: true },
      { heading: '÷ holdfast', isFigure: true },
      { heading: 'requests/s', isFigure: true },
      { heading: '÷ holdfast', isFigure: true },
      { heading: 'p99 ms', isFigure: true },
      ...(isMutation ? [{ heading: 'guarantee' }] : []),
    ],
    rows: participants.map((participant) => [
      participant.name,
      ...toCells(figures.get(participant), figures.get(participant.comparedWith ?? base)),
      ...(isMutation ? [participant.promises ?? ''] : []),
    ]),
  }
}

function toCells(
  figures: readonly Throughput[] | undefined,
  base: readonly Throughput[] | undefined,
): readonly string[] {
  if (figures === undefined || base === undefined) return ['missing: no Redis', '', '', '', '']
  const [cpu, baseCpu] = [cpuOf(figures), cpuOf(base)]
  const [perSecond, basePerSecond] = [ratesOf(figures), ratesOf(base)]
  return [
    median(cpu).toFixed(0),
    medianRatio(cpu, baseCpu).toFixed(2),
    median(perSecond).toFixed(0),
    medianRatio(perSecond, basePerSecond).toFixed(2),
    median(figures.map(({ p99Ms }) => p99Ms)).toFixed(0),
  ]
}

const cpuOf = (figures: readonly Throughput[]): readonly number[] =>
  figures.map(({ cpuMicroseconds }) => cpuMicroseconds)

const ratesOf = (figures: readonly Throughput[]): readonly number[] =>
  figures.map(({ perSecond }) => perSecond)
