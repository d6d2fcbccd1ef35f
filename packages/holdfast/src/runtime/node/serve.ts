import { createHandler } from '../../http/handler.ts'
import type { Health } from '../../http/health.ts'
import type { Pages } from '../../http/responder.ts'
import { createSecurityHeaders, type SecurityHeaderOptions } from '../../http/security-headers.ts'
import type { Worker, WorkerOptions } from '../../kernel/background.ts'
import { systemClock } from '../../kernel/clock.ts'
import type { ForeignCallWatch } from '../../kernel/foreign-calls.ts'
import { HoldfastError } from '../../kernel/holdfast-error.ts'
import type { Logger } from '../../kernel/log.ts'
import { createRedactor } from '../../kernel/redact.ts'
import { guardedLog } from '../../kernel/guarded-log.ts'
import { redactedLog } from '../../kernel/redacted-log.ts'
import type { Settings } from '../../kernel/settings.ts'
import type { RunningService, Service } from '../../kernel/service.ts'
import type { Operations } from '../../kernel/service-definition.ts'
import type { Mode, Surroundings } from '../../kernel/surroundings.ts'
import type { TelemetryOptions } from '../../kernel/telemetry-options.ts'
import { chooseHost, choosePort } from './configuration.ts'
import { configure } from './configure.ts'
import { chooseDrainDelay } from './drain-delay.ts'
import type { HttpLimits } from './http-limits.ts'
import { type Answering, createHttpServer } from './http-server.ts'
import { listen } from './listen.ts'
import { createProcessLog } from './process-log.ts'
import { failStart, ownProcess, type ProcessOwner } from './process-owner.ts'
import { serverSettings } from './server-settings.ts'
import { type ServiceTelemetry, stopServer } from './stop-server.ts'

/** Options of {@link serve}. */
export interface ServeOptions extends HttpLimits, SecurityHeaderOptions {
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
  /**
   * How long the service may take to stop, in milliseconds, from the signal on and with the drain delay. What has not ended then
   * is cut off and named. Default 20,000: less than the 30 s after which Kubernetes kills a process.
   */
  readonly graceMs?: number
  /**
   * For how much of that, from the signal on, the service goes on listening, in milliseconds: not ready, and with
   * `Connection: close` in every answer. A load balancer that is not told of the signal needs this long to find out; requests
   * that it sends meanwhile are answered. Default: `DRAIN_DELAY_MS`, else 7,000 in production, and 0 elsewhere. haproxy with its
   * defaults (three checks, 2 s apart) finds out within 6 s, Kubernetes spreads its own word in less; Docker kills after 10 s.
   */
  readonly drainDelayMs?: number
  /**
   * Whether the service documents itself: `/openapi.json`, and `/docs` for people. Default true, in production too: both say
   * what its answers show anyway, and hiding it keeps nobody out. An operation with one of these routes goes first.
   */
  readonly documentation?: boolean
  /**
   * What is recorded of the service, and where it goes; `false`: nothing is recorded, and traces only pass through. Default: as
   * OpenTelemetry's standard variables say.
   */
  readonly telemetry?: false | TelemetryOptions
  /**
   * How this process works on the jobs, schedules and messages of the service; `false`: not at all, others do. Default: it does, ten jobs at once
   * or as many as `WORKER_CONCURRENCY` says.
   */
  readonly worker?: false | WorkerOptions
}

/** A service that listens. */
export interface Server<O extends Operations = Operations> {
  /** Where it is reached from this machine. */
  readonly url: string
  readonly port: number
  readonly service: RunningService<O>
  /**
   * Goes on for the drain delay, not ready any more; stops listening, waits for the calls that are under way, and closes the
   * service. Further calls wait for the same.
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

/** What `serve` answers with beside the operations. */
export interface ServeParts {
  /** Whether the process answers calls, rather than only telling of its health while it works on jobs. */
  readonly answersCalls: boolean
  /** The pages with which a service documents itself. */
  readonly documentation: Pages
  /** Makes what the process says of its health; `problemBase` is the service's. */
  readonly createHealth: (problemBase: string) => Health
  /** What else is configured from the environment, beside the server and the service. */
  readonly settings: readonly Settings<unknown>[]
  /** Begins to watch a service. */
  readonly watch: (options: TelemetryOptions, watched: Watched) => Promise<ServiceTelemetry>
  /** Makes what notices foreign calls in transactions, outside of production. Default: nothing does. */
  readonly watchForeignCalls?: (options: { readonly log: Logger }) => ForeignCallWatch
  /** Finds the line of the program that runs a statement. Default: repeated statements are told of in the trace only. */
  readonly placeOfProgram?: () => string | undefined
}

/** What is watched, and who is told of what goes wrong with that. */
export interface Watched extends Pick<Surroundings, 'env' | 'log' | 'notify'> {
  readonly service: { readonly name: string; readonly version: string | undefined }
  readonly mode: Mode
}

/** Makes `serve`. */
export function createServe(parts: ServeParts): Serve {
  return async (service, options = {}) => {
    if (options.signals === false) return start(service, options, parts)
    try {
      return await start(service, options, parts)
    } catch (error) {
      return failStart(error)
    }
  }
}

const defaultGraceMs = 20_000

// Long enough for every connection that is in use to be told to end; a process in which anything may be wrong does not go on for
// longer than that.
const failureDelayMs = 1_500

const nobodysProcess: ProcessOwner = { started: () => {}, release: () => {} }

async function start<O extends Operations>(
  service: Service<O>,
  options: ServeOptions,
  {
    documentation,
    createHealth,
    watch,
    watchForeignCalls,
    placeOfProgram,
    settings,
    answersCalls,
  }: ServeParts,
): Promise<Server<O>> {
  const { graceMs = defaultGraceMs } = options
  const notify = options.notify ?? writeLine(process.stderr)
  const source = await configure(
    [serverSettings, ...(options.telemetry === false ? [] : settings), ...service.settings],
    {
      env: options.env,
      notify,
    },
  )
  const { env, mode } = source
  const values = await serverSettings.read(source)
  const askedPort = choosePort(options.port, values)
  const host = chooseHost(options.host, values, mode)
  const strictTransportSecurity = options.strictTransportSecurity ?? values.STRICT_TRANSPORT_SECURITY
  const securityOptions = strictTransportSecurity === undefined ? {} : { strictTransportSecurity }
  createSecurityHeaders(securityOptions)
  const drainDelayMs = chooseDrainDelay({ drainDelayMs: options.drainDelayMs, graceMs }, values, mode)
  const ownLog =
    options.log ??
    createProcessLog({
      level: values.LOG_LEVEL,
      isForPeople: mode === 'development' && process.stdout.isTTY,
    })
  const log = redactedLog(guardedLog(ownLog, notify), createRedactor())
  const health = createHealth(service.problemBase)
  let answering: Answering = health.starting
  const http = createHttpServer(
    {
      answer: (request) => answering.answer(request),
      refuse: (problem, request) => answering.refuse(problem, request),
    },
    {
      limits: {
        ...options,
        keepAliveTimeoutMs: options.keepAliveTimeoutMs ?? values.KEEP_ALIVE_TIMEOUT_MS,
      },
      log,
      clock: systemClock,
    },
  )
  const port = await listen(http.server, { port: askedPort, host, notify })
  const url = toUrl(host, port)
  // Migrations may take minutes from here on; meanwhile probes are answered.
  log.info({ service: service.name, url }, 'listening')
  const owner = options.signals === false ? nobodysProcess : ownProcess(log)
  let telemetry: ServiceTelemetry | undefined
  let running: RunningService<O> | undefined
  let worker: Worker | undefined
  try {
    if (options.telemetry !== false) {
      telemetry = await watch(options.telemetry ?? {}, { service, env, mode, log, notify })
    }
    running = await service.start({
      env,
      mode,
      clock: systemClock,
      // The service hides what it declares as well.
      log: ownLog,
      notify,
      ...(telemetry ? { telemetry } : {}),
      ...(placeOfProgram && mode !== 'production'
        ? { statements: { refuses: false, placeOf: placeOfProgram } }
        : {}),
      ...(watchForeignCalls && mode !== 'production' ? { foreignCalls: watchForeignCalls({ log }) } : {}),
    })
    const pages: Pages = (of) => [
      ...health.pages(of),
      ...(options.documentation === false || !answersCalls ? [] : documentation(of)),
    ]
    worker =
      options.worker === false
        ? undefined
        : await running.startWorker({ concurrency: values.WORKER_CONCURRENCY, ...options.worker })
    if (!answersCalls && !worker) throw nothingToWorkOn(service)
    const handler = createHandler(answersCalls ? running : withoutOperations(running), {
      ...options,
      ...securityOptions,
      pages,
    })
    answering = handler
    const started = { http, health, handler, running, worker, telemetry }
    log.info({ service: service.name, url }, 'ready')
    let stopped: Promise<void> | undefined
    const stopAfter = (delayMs: number): Promise<void> => {
      stopped ??= stopServer(started, { graceMs, drainDelayMs: delayMs }).finally(owner.release)
      return stopped
    }
    const stop = (): Promise<void> => stopAfter(drainDelayMs)
    owner.started({ asked: stop, failed: () => stopAfter(Math.min(drainDelayMs, failureDelayMs)) })
    return { url, port, service: running, stop }
  } catch (error) {
    owner.release()
    http.server.close()
    http.server.closeAllConnections()
    await worker?.stop(0)
    await running?.stop()
    await telemetry?.stop(0)
    throw error
  }
}

/** A process that only works on jobs has no operations to answer with. */
function withoutOperations(running: RunningService): RunningService {
  return { ...running, operations: new Map() }
}

function nothingToWorkOn(service: Service): HoldfastError {
  return new HoldfastError(
    'nothing-to-work-on',
    `The service "${service.name}" (${service.place}) has no jobs, consumers, schedules or relays, so that a worker has nothing to do. Add them to service({ … }), or start it with serve().`,
  )
}

function writeLine(stream: NodeJS.WriteStream): (line: string) => void {
  return (line) => void stream.write(`${line}\n`)
}

/** The URL under which this machine reaches a port, whichever of its addresses is listened on. */
function toUrl(host: string, port: number): string {
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}
