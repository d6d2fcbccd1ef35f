import {
  createLogger,
  type Clock,
  type Database,
  holdfast,
  type HoldfastOptions,
  type Mode,
  type Operations,
  type ServiceDefinition,
  systemClock,
} from 'holdfast'
import { createHealth, type Health } from 'holdfast/health'
import { createHandler } from 'holdfast/http'

/** Options of {@link openHealth}. */
export interface HealthOptions extends Partial<ServiceDefinition<Operations>> {
  readonly mode?: Mode
  readonly clock?: Clock
  readonly database?: Database<unknown, unknown>
  readonly identify?: HoldfastOptions<unknown, unknown>['identify']
}

/** A service without a socket, and its health endpoints. */
export interface OpenHealth {
  readonly health: Health
  readonly log: readonly Readonly<Record<string, unknown>>[]
  readonly fetch: (path: string, init?: RequestInit) => Promise<Response>
  /** Requests `/health/ready` and returns the status and the JSON of the response. */
  readonly ready: (headers?: Record<string, string>) => Promise<Record<string, unknown> & { status: unknown }>
}

/** Starts a service without a socket, for requests to its health endpoints. */
export async function openHealth(options: HealthOptions = {}): Promise<OpenHealth> {
  const { mode = 'test', clock = systemClock, database, identify, ...definition } = options
  const log: Record<string, unknown>[] = []
  const { service } = holdfast({ ...(database ? { database } : {}), ...(identify ? { identify } : {}) })
  const running = await service({ name: 'watched', operations: {}, ...definition }).start({
    env: {},
    mode,
    clock,
    log: createLogger({
      level: 'debug',
      write: (line) => log.push(JSON.parse(line) as Record<string, unknown>),
    }),
    notify: () => {},
  })
  const health = createHealth(running.problemTypeBase)
  const handler = createHandler(running, { pages: health.pages })
  const fetch: OpenHealth['fetch'] = (path, init) =>
    handler.fetch(new Request(`http://watched.test${path}`, init))
  return {
    health,
    log,
    fetch,
    async ready(headers = {}) {
      const answer = await fetch('/health/ready', { headers })
      return { ...((await answer.json()) as Record<string, unknown>), status: answer.status }
    },
  }
}
