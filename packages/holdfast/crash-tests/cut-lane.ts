import { createLogger, type RunningService, systemClock } from 'holdfast'
import { createTestDatabase } from 'holdfast/testing'
import { createMigratedDatabase } from '../src/testing/template.ts'
import type pg from 'pg'
import { type CuttingProxy, startCuttingProxy } from '../test/cutting-proxy.ts'
import type { CutService } from './cut-service.ts'
import { DriverClient } from '../src/storage/postgres/session/driver-client.ts'

/** A running service whose connections go through a dedicated proxy. */
export interface Lane {
  readonly proxy: CuttingProxy
  readonly running: RunningService
  /** Inspects the database, without the proxy. */
  readonly looking: pg.Client
  /** Descriptions of the cuts, by key. */
  readonly cuts: Map<string, string>
  stop(): Promise<void>
}

/** Options of {@link withLanes}. */
export interface LaneOptions {
  readonly service: CutService
  readonly count: number
  /**
   * True if each lane has a worker and a separate database. Default false: lanes share a database,
   * and jobs stay in the queue.
   */
  readonly haveWorkers?: boolean
}

/** Runs a test in several lanes, and then stops the lanes. */
export async function withLanes(
  { service, count, haveWorkers = false }: LaneOptions,
  run: (lanes: readonly Lane[]) => Promise<void>,
): Promise<void> {
  const shared = await createMigratedDatabase()
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
    // Lost connections are expected.
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
