import { createLogger, type RunningService, systemClock } from 'holdfast'
import { createTestDatabase } from 'holdfast/testing'
import type pg from 'pg'
import { type CuttingProxy, startCuttingProxy } from '../test/cutting-proxy.ts'
import type { CutService } from './cut-service.ts'
import { DriverClient } from '../src/postgres/driver-client.ts'

/** A running service whose connections go through a proxy of their own. */
export interface Lane {
  readonly proxy: CuttingProxy
  readonly running: RunningService
  /** What a test looks with, past the proxy. */
  readonly looking: pg.Client
  /** What was cut of each key, in words. */
  readonly cuts: Map<string, string>
  stop(): Promise<void>
}

/** What lanes are made of. */
export interface LaneOptions {
  readonly service: CutService
  readonly count: number
  /** Whether each has a worker, and a database of its own for it. Default false: they share one, and what is enqueued stays. */
  readonly haveWorkers?: boolean
}

/** Runs a test in several lanes, and stops them. */
export async function withLanes(
  { service, count, haveWorkers = false }: LaneOptions,
  run: (lanes: readonly Lane[]) => Promise<void>,
): Promise<void> {
  const shared = await createTestDatabase()
  const first = await startLane(service, shared.url)
  await first.stop()
  const lanes = await Promise.all(
    Array.from({ length: count }, () =>
      haveWorkers ? startWorkedLane(service, shared.url) : startLane(service, shared.url),
    ),
  )
  try {
    await run(lanes)
  } finally {
    await Promise.all(lanes.map((lane) => lane.stop()))
    await shared.drop()
  }
}

async function startLane(service: CutService, databaseUrl: string): Promise<Lane> {
  const proxy = await startCuttingProxy(databaseUrl)
  const running = await service.start({
    env: { ...process.env, DATABASE_URL: proxy.url },
    mode: 'test',
    clock: systemClock,
    // That connections are lost is what is wanted.
    log: createLogger({ level: 'error', write: () => {} }),
    notify: () => {},
  })
  const looking = new DriverClient({ connectionString: databaseUrl })
  await looking.connect()
  return {
    proxy,
    running,
    looking,
    cuts: new Map(),
    async stop() {
      await running.stop()
      await proxy.close()
      await looking.end()
    },
  }
}

async function startWorkedLane(service: CutService, templateUrl: string): Promise<Lane> {
  const database = await createTestDatabase(new URL(templateUrl).pathname.slice(1))
  const lane = await startLane(service, database.url)
  const worker = await lane.running.startWorker({ concurrency: 1 })
  return {
    ...lane,
    async stop() {
      await worker?.stop(1_000)
      await lane.stop()
      await database.drop()
    },
  }
}
