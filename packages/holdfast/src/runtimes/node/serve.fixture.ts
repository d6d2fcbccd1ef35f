import { createLogger, type Operations, type Service } from 'holdfast'
import { serve, type ServeOptions, type Server } from 'holdfast/node'
import { onTestFinished } from 'vitest'

/** A service that listens for one test, and its log. */
export interface Served<O extends Operations> extends Server<O> {
  readonly log: readonly Readonly<Record<string, unknown>>[]
}

/** Serves on a free port until the test ends. */
export async function serveForTest<O extends Operations>(
  service: Service<O>,
  options: ServeOptions = {},
): Promise<Served<O>> {
  const log: Record<string, unknown>[] = []
  const server = await serve(service, {
    port: 0,
    signals: false,
    // The production default would delay the tests, which have no load balancer.
    drainDelay: '0s',
    env: { NODE_ENV: 'test' },
    log: createLogger({
      level: 'debug',
      write: (line) => log.push(JSON.parse(line) as Record<string, unknown>),
    }),
    notify: () => {},
    ...options,
  })
  onTestFinished(() => server.stop())
  return { ...server, log }
}
