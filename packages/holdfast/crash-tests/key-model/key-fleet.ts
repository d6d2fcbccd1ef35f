import { type Answer, createLogger, type Duration, type RunningService, systemClock } from 'holdfast'
import { type TestDatabase } from 'holdfast/testing'
import { createMigratedDatabase } from '../../src/testing/template.ts'
import type pg from 'pg'
import { openDriverPool } from '../../src/storage/postgres/session/driver-client.ts'
import { type CuttingProxy, startCuttingProxy } from '../../test/cutting-proxy.ts'
import type { Request } from './key-model.ts'
import { createKeyService, type Mishap } from './key-service.ts'

/**
 * Retentions that an instance may be started with. Each results in a different layout of the key
 * tables.
 */
export const retentions = ['1d', '7d', '30d'] as const satisfies readonly Duration[]

/** One service of the fleet, which the database sees as a separate process. */
export interface Instance {
  readonly proxy: CuttingProxy
  running: RunningService
}

/** A request with a key, and the instance that receives it. */
export interface Sending {
  readonly key: string
  readonly request: Request
  readonly instance: number
  /** The timeout that the client sets for the call. Default: none. */
  readonly timeout?: string
}

/** Two instances of the payment service on one database, each behind a separate proxy. */
export class KeyFleet {
  readonly #database: TestDatabase
  readonly #looking: pg.Pool
  readonly #services: ReadonlyMap<Duration, ReturnType<typeof createKeyService>>
  #instances: readonly Instance[] = []
  /** The fault to cause in the next run of a handler. */
  mishap: Mishap | undefined

  static async start(): Promise<KeyFleet> {
    const fleet = new KeyFleet(await createMigratedDatabase())
    const instances: Instance[] = []
    for (let n = 0; n < 2; n += 1) {
      const proxy = await startCuttingProxy(fleet.#database.url)
      instances.push({ proxy, running: await fleet.#run(proxy, '7d') })
    }
    fleet.#instances = instances
    return fleet
  }

  private constructor(database: TestDatabase) {
    this.#database = database
    this.#looking = openDriverPool({ connectionString: database.url, max: 2 })
    this.#services = new Map(
      retentions.map((retention) => [retention, createKeyService(retention, () => this.#takeMishap())]),
    )
  }

  instance(n: number): Instance {
    return this.#instances[n]!
  }

  /** Stops an instance, and starts it with a retention. */
  async restart(n: number, retention: Duration): Promise<void> {
    const instance = this.instance(n)
    await instance.running.stop()
    instance.running = await this.#run(instance.proxy, retention)
  }

  async send({ key, request, instance, timeout }: Sending): Promise<Answer> {
    const { operation, ...payment } = request
    const headers: Readonly<Record<string, string | undefined>> = {
      'idempotency-key': key,
      'request-timeout': timeout,
    }
    return this.instance(instance).running.call({
      operation,
      input: { path: {}, query: {}, body: { name: key, ...payment } },
      header: (name) => headers[name],
    })
  }

  async sql<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<readonly Row[]> {
    return (await this.#looking.query<Row>(text, values)).rows
  }

  /** Returns the invariants that the database shows to be violated for the keys. */
  async findViolations(keys: readonly string[]): Promise<readonly string[]> {
    const rows = await this.sql<{ what: string }>(
      `
      select keys.key || ': ' || effects || ' effects, ' || answers || ' answers, ' || committed || ' of them committed' as what
      from unnest($1::text[]) as keys (key)
      cross join lateral (select count(*) as effects from effects where name = keys.key) as counted
      cross join lateral (
        select count(*) as answers, count(*) filter (where status = 201) as committed
        from holdfast.idempotency_keys as stored where stored.key = keys.key
      ) as stored
      where effects <> committed or answers > 1`,
      [keys],
    )
    return rows.map(({ what }) => what)
  }

  async stop(): Promise<void> {
    for (const { running, proxy } of this.#instances) {
      await running.stop()
      await proxy.close()
    }
    await this.#looking.end()
    await this.#database.drop()
  }

  #takeMishap(): Mishap | undefined {
    const { mishap } = this
    this.mishap = undefined
    return mishap
  }

  #run(proxy: CuttingProxy, retention: Duration): Promise<RunningService> {
    return this.#services.get(retention)!.start({
      env: { ...process.env, DATABASE_URL: proxy.url },
      mode: 'test',
      clock: systemClock,
      // Failures of cut connections are expected.
      log: createLogger({ level: 'error', write: () => {} }),
      notify: () => {},
    })
  }
}
