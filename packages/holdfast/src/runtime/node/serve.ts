import { createHandler } from '../../http/handler.ts'
import type { Pages } from '../../http/responder.ts'
import { systemClock } from '../../kernel/clock.ts'
import { createLogger, type Logger } from '../../kernel/log.ts'
import type { Operations, RunningService, Service } from '../../kernel/service.ts'
import { readMode, type Surroundings } from '../../kernel/surroundings.ts'
import { readHost, readLogLevel, readPort } from './configuration.ts'
import { createHttpServer, type HttpLimits } from './http-server.ts'
import { listen } from './listen.ts'
import { failStart, ownProcess } from './process-owner.ts'
import { stopServer } from './stop-server.ts'

/** Options of {@link serve}. */
export interface ServeOptions extends HttpLimits {
  /** Where to listen; 0 takes any free port. Default: `PORT`, else 3000 or one of the next 20 where that is taken. */
  readonly port?: number
  /** The address to listen on. Default: `HOST`, else `127.0.0.1`, in production `0.0.0.0`. */
  readonly host?: string
  /** Default: one JSON object a line on stdout, from the level that `LOG_LEVEL` names, `info` where it names none. */
  readonly log?: Logger
  /** The environment variables. Default `process.env`. */
  readonly env?: Surroundings['env']
  /** Tells the person who starts the service what it is doing. Default: a line on stderr. */
  readonly notify?: (message: string) => void
  /**
   * Whether the process is the service's own: it then ends in order at SIGTERM and SIGINT and after an error that nothing
   * has caught, and with exit code 1 and the reason on stderr where the service does not start. Default true. Several
   * servers in one process want false, as tests do: `serve` then rejects, and nothing of the process is touched.
   */
  readonly signals?: boolean
  /** How long calls that are under way may take to end when the service stops, in milliseconds. Default 10,000. */
  readonly graceMs?: number
  /**
   * Whether the service documents itself: `/openapi.json`, and `/docs` for people. Default true, in production too: both say
   * what its answers show anyway, and hiding it keeps nobody out. An operation with one of these routes goes first.
   */
  readonly documentation?: boolean
}

/** A service that listens. */
export interface Server<O extends Operations = Operations> {
  /** Where it is reached from this machine. */
  readonly url: string
  readonly port: number
  readonly service: RunningService<O>
  /**
   * Stops listening, waits for the calls that are under way, and closes the service. Further calls wait for the same.
   *
   * @throws HoldfastError `grace-exceeded` where something had not ended within `graceMs`.
   */
  stop(): Promise<void>
}

/**
 * Starts a service and answers HTTP with it: `await serve(service)` is a whole main file.
 *
 * @throws HoldfastError where `signals` is false: `configuration-invalid`, `port-in-use`, `port-forbidden`,
 * `host-unavailable`, and whatever the service does not start for.
 */
export type Serve = <O extends Operations>(service: Service<O>, options?: ServeOptions) => Promise<Server<O>>

/** Makes `serve` for services that document themselves with these pages. */
export function createServe(documentation: Pages): Serve {
  return async (service, options = {}) => {
    const pages: Pages = options.documentation === false ? () => [] : documentation
    if (options.signals === false) return start(service, options, pages)
    try {
      return await start(service, options, pages)
    } catch (error) {
      return failStart(error)
    }
  }
}

async function start<O extends Operations>(
  service: Service<O>,
  options: ServeOptions,
  pages: Pages,
): Promise<Server<O>> {
  const env = options.env ?? process.env
  const mode = readMode(env)
  const askedPort = readPort(options.port, env)
  const host = readHost(options.host, { env, mode })
  const log = options.log ?? createLogger({ level: readLogLevel(env), write: writeLine(process.stdout) })
  const notify = options.notify ?? writeLine(process.stderr)
  const running = await service.start({ env, mode, clock: systemClock, log, notify })
  const handler = createHandler(running, { ...options, pages })
  const server = createHttpServer(handler, options, log)
  try {
    const port = await listen(server, { port: askedPort, host, notify })
    const url = toUrl(host, port)
    log.info({ service: service.name, url }, 'listening')
    let stopped: Promise<void> | undefined
    const stop = (): Promise<void> =>
      (stopped ??= stopServer({ server, handler, running }, options.graceMs).finally(release))
    const release = options.signals === false ? () => {} : ownProcess(stop, log)
    return { url, port, service: running, stop }
  } catch (error) {
    await running.stop()
    throw error
  }
}

function writeLine(stream: NodeJS.WriteStream): (line: string) => void {
  return (line) => void stream.write(`${line}\n`)
}

/** The URL under which this machine reaches a port, whichever of its addresses is listened on. */
function toUrl(host: string, port: number): string {
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}
