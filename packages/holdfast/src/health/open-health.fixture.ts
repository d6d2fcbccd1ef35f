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

/** How a test starts the service whose health it asks for. */
export interface HealthOptions extends Partial<ServiceDefinition<Operations>> {
  readonly mode?: Mode
  readonly clock?: Clock
  readonly database?: Database<unknown, unknown>
  readonly identify?: HoldfastOptions<unknown, unknown>['identify']
}

/** A service without a socket, and its health. */
export interface OpenHealth {
  readonly health: Health
  readonly log: readonly Readonly<Record<string, unknown>>[]
  readonly fetch: (path: string, init?: RequestInit) => Promise<Response>
  /** What `/health/ready` answers: its status and its JSON. */
  readonly ready: (headers?: Record<string, string>) => Promise<Record<string, unknown> & { status: unknown }>
}

/** Starts a service without a socket, to ask for its health. */
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
  const health = createHealth(running.problemBase)
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
