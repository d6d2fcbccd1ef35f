import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Bench, Benchmark, Table } from '../benchmark.ts'
import { load } from '../http/load.ts'
import { complete, holdfast, nodeHttp, type Participant } from '../http/participants.ts'
import { startPostgres } from '../http/start-backends.ts'
import { type Backends, startServer } from '../http/start-server.ts'
import { interleave } from '../interleave.ts'
import { median } from '../median.ts'
import { categories, categoryOf } from './category-of.ts'
import { readShares } from './cpu-profile.ts'

interface ProfiledTask {
  readonly name: string
  readonly path: string
  readonly isMutation?: boolean
  readonly participant: Participant
}

const tasks: readonly ProfiledTask[] = [
  { name: 'JSON route', path: '/hello', participant: holdfast },
  { name: 'reading one row', path: '/accounts/1', participant: holdfast },
  { name: 'mutation', path: '/transfers', isMutation: true, participant: holdfast },
  { name: 'mutation with a job', path: '/transfers', isMutation: true, participant: complete },
]

/** The parts of a request's CPU time, and the number of times that the server process waits. */
export const profileBenchmark: Benchmark = async (bench) => {
  leaveFirstCore()
  const backends: Backends = { ...(await startPostgres(bench)), redisPorts: new Map(), collector: '' }
  const shares: ReadonlyMap<string, number>[] = []
  for (const task of tasks) {
    bench.notify(`profile: ${task.name}`)
    shares.push(await profile(task, backends, bench))
  }
  return [toShareTable(shares), await measureWaits(backends, bench)]
}

/**
 * Moves this process to the second core, and so Postgres, which it starts. The profiler measures
 * elapsed time: on the core of the server, Postgres would interrupt the writes that wake it.
 */
function leaveFirstCore(): void {
  if (process.platform !== 'linux') return
  execFileSync('taskset', ['--all-tasks', '--pid', '--cpu-list', '1', String(process.pid)])
}

async function profile(
  { participant, ...request }: ProfiledTask,
  backends: Backends,
  { processes, seconds }: Bench,
): Promise<ReadonlyMap<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-profile-'))
  try {
    const env = { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder}` }
    const server = await startServer(participant, backends, { processes, core: 0, env })
    await load(processes, { ...server, ...request, seconds: 2 * seconds })
    await processes.stop(server.child)
    return readShares(folder, categoryOf)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function toShareTable(shares: readonly ReadonlyMap<string, number>[]): Table {
  return {
    title: 'Share of the CPU time of a request, in percent',
    columns: [{ heading: 'part' }, ...tasks.map(({ name }) => ({ heading: name, isFigure: true }))],
    rows: categories.map((category) => [
      category,
      ...shares.map((share) => ((share.get(category) ?? 0) * 100).toFixed(1)),
    ]),
  }
}

/** Counts how often a server waits for the next event. */
async function measureWaits(backends: Backends, bench: Bench): Promise<Table> {
  const { processes, seconds } = bench
  const rows: (readonly string[])[] = []
  for (const { name, participant, ...request } of tasks.slice(0, 3)) {
    const servers = [
      { name: 'node:http', ...(await startServer(nodeHttp, backends, { processes, core: 0 })) },
      { name: 'holdfast', ...(await startServer(participant, backends, { processes, core: 0 })) },
    ]
    bench.notify(`waits: ${name}`)
    const figures = await interleave(servers, bench, async (server) => {
      const before = waitsOf(server.pid)
      const { perSecond, cpuMicroseconds } = await load(processes, { ...server, ...request, seconds })
      return { cpuMicroseconds, waits: (waitsOf(server.pid) - before) / (perSecond * seconds) }
    })
    for (const server of servers) {
      const measured = figures.get(server)!
      const cpu = median(measured.map(({ cpuMicroseconds }) => cpuMicroseconds))
      rows.push([name, server.name, cpu.toFixed(0), median(measured.map(({ waits }) => waits)).toFixed(2)])
      await processes.stop(server.child)
    }
  }
  return {
    title: 'Waits of the server process for each request',
    columns: [
      { heading: 'task' },
      { heading: 'server' },
      { heading: 'CPU per request µs', isFigure: true },
      { heading: 'waits per request', isFigure: true },
    ],
    rows,
  }
}

/** Returns how often the main thread of a process has waited so far; `NaN` except on Linux. */
function waitsOf(pid: number): number {
  if (process.platform !== 'linux') return Number.NaN
  const status = readFileSync(`/proc/${pid}/task/${pid}/status`, 'utf8')
  return Number(/^voluntary_ctxt_switches:\s*(\d+)$/m.exec(status)?.[1])
}
