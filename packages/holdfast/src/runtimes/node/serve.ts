import { createHandler } from '../../transports/http/handler.ts'
import type { Health } from '../../transports/http/health.ts'
import type { Pages } from '../../transports/http/responder.ts'
import {
  createSecurityHeaders,
  type SecurityHeaderOptions,
} from '../../transports/http/answer/security-headers.ts'
import type { Worker, WorkerOptions } from '../../kernel/background/background.ts'
import { systemClock } from '../../kernel/base/clock.ts'
import type { ExternalCallWatch } from '../../kernel/host/external-calls.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { Logger } from '../../kernel/base/log.ts'
import { createRedactor } from '../../kernel/base/redact.ts'
import { guardedLog } from '../../kernel/host/guarded-log.ts'
import { redactedLog } from '../../kernel/base/redacted-log.ts'
import type { Settings } from '../../kernel/host/settings.ts'
import type { RunningService, Service } from '../../kernel/service/service.ts'
import type { Operations } from '../../kernel/service/service-definition.ts'
import type { Mode, ServiceHost } from '../../kernel/host/service-host.ts'
import type { TelemetryOptions } from '../../kernel/telemetry/telemetry-options.ts'
import { chooseHost, choosePort } from './settings/configuration.ts'
import { configure } from './settings/configure.ts'
import { chooseStopTimes, type StopOptions } from './settings/stop-times.ts'
import { chooseHttpLimits, type HttpLimits } from './settings/http-limits.ts'
import { type AnswerSource, createHttpServer } from './server/http-server.ts'
import { listen } from './server/listen.ts'
import { createProcessLog } from './log/process-log.ts'
import { failStart, manageProcess, type ProcessOwner } from './process-owner.ts'
import { serverSettings } from './settings/server-settings.ts'
import { type ServiceTelemetry, stopServer } from './stop-server.ts'

/*
 * A service as a Node process, from its start to its stop:
 *
 *   read settings ─▶ listen ─▶ start telemetry ─▶ start the service ─▶ start the worker ─▶ ready
 *                      │         (probes: not ready, while migrations run)                   │
 *                      │                                                              SIGTERM│
 *   exit ◀─ flush telemetry ◀─ close the service ◀─ wait for calls and jobs ◀─ drain delay ◀─┘
 *
 * Invariants:
 * - All settings are checked before anything is opened, and reported together.
 * - The port answers health probes from the moment it listens, and calls only once everything has
 *   started.
 * - A start that fails closes what it has started, and exits with code 1.
 * - A stop takes little more than `grace`: what has not ended then is cut off, and named in the
 *   log (stop-server.ts).
 * - Only `manageProcess` touches signals and exit codes; with `signals: false`, nothing does.
 */

/** Options of {@link serve}. */
export interface ServeOptions extends HttpLimits, SecurityHeaderOptions, StopOptions {
  /**
   * The port to listen on; 0 takes any free port. Default: `PORT`, else 3000 or, if it is in use,
   * one of the next 20.
   */
  readonly port?: number
  /**
   * The address to listen on. Default: `HOST`, else `0.0.0.0` in production and `127.0.0.1`
   * elsewhere.
   */
  readonly host?: string
  /**
   * The logger. Default: one JSON object per line on stdout, from the level in `LOG_LEVEL`, `info`
   * if that is not set.
   */
  readonly log?: Logger
  /**
   * The environment variables. Default: those of the process, and in development those of a `.env`
   * in the current folder.
   */
  readonly env?: ServiceHost['env']
  /** Receives notices for the person who starts the service. Default: a line on stderr. */
  readonly notify?: (message: string) => void
  /**
   * True if the service manages the process: it then stops gracefully at SIGTERM and SIGINT and
   * after an uncaught error, and exits with code 1 and the reason on stderr if the service does not
   * start. Default true. Set it to false for several servers in one process, as in tests: `serve`
   * then rejects, and leaves the process alone.
   */
  readonly signals?: boolean
  /**
   * True if the service serves its documentation: `/openapi.json`, and `/docs` for people. Default
   * true, in production too: the responses reveal the same, and hiding it protects nothing. An
   * operation with one of these routes takes precedence.
   */
  readonly documentation?: boolean
  /**
   * Options of telemetry, and the target of its exports; `false`: nothing is recorded, and traces
   * only pass through. Default: as OpenTelemetry's standard variables say.
   */
  readonly telemetry?: false | TelemetryOptions
  /**
   * How this process runs the jobs, schedules and messages of the service; `false`: it does not,
   * other processes do. Default: it does, with the number of concurrent jobs in
   * `WORKER_CONCURRENCY`, else 10.
   */
  readonly worker?: false | WorkerOptions
}

/** A service that listens. */
export interface Server<O extends Operations = Operations> {
  /** The URL at which this machine reaches it. */
  readonly url: string
  readonly port: number
  readonly service: RunningService<O>
  /**
   * Stops the service: listens for the drain delay, no longer ready; then stops listening, waits
   * for running calls, and closes the service. Repeated calls wait for the same stop.
   *
   * @throws HoldfastError `shutdown-timeout` if work had not ended within `grace`.
   */
  stop(): Promise<void>
}

/**
 * Starts a service and answers HTTP with it: `await serve(service)` is a whole main file.
 *
 * @throws HoldfastError if `signals` is false: `configuration-invalid`, `port-in-use`,
 * `port-forbidden`, `host-unavailable`, and any error that keeps the service from starting.
 */
export type Serve = <O extends Operations>(service: Service<O>, options?: ServeOptions) => Promise<Server<O>>

/** Parts of `serve` other than the operations. */
export interface ServeParts {
  /** True if the process answers calls, rather than only health checks while it runs jobs. */
  readonly answersCalls: boolean
  /** The pages with which a service documents itself. */
  readonly documentation: Pages
  /** Creates the health endpoints; `problemTypeBase` is the service's. */
  readonly createHealth: (problemTypeBase: string) => Health
  /** Further settings read from the environment, besides those of the server and the service. */
  readonly settings: readonly Settings<unknown>[]
  /** Starts to record the telemetry of a service. */
  readonly watch: (options: TelemetryOptions, watched: Watched) => Promise<ServiceTelemetry>
  /**
   * Creates the detection of third-party calls in transactions, outside of production. Default: no
   * detection.
   */
  readonly watchExternalCalls?: (options: { readonly log: Logger }) => ExternalCallWatch
  /**
   * Returns the line of the program that runs a statement. Default: repeated statements are
   * reported in the trace only.
   */
  readonly callerLineOfProgram?: () => string | undefined
}

/** The service that is observed, and the receivers of what goes wrong with that. */
export interface Watched extends Pick<ServiceHost, 'env' | 'log' | 'notify'> {
  readonly service: { readonly name: string; readonly version: string | undefined }
  readonly mode: Mode
}

/** Creates `serve`. */
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

// Long enough to announce the end to every connection in use; a process in an unknown state should
// not run longer than that.
const failureDelayMs = 1_500

const unmanagedProcess: ProcessOwner = { started: () => {}, release: () => {} }

async function start<O extends Operations>(
  service: Service<O>,
  options: ServeOptions,
  {
    documentation,
    createHealth,
    watch,
    watchExternalCalls,
    callerLineOfProgram,
    settings,
    answersCalls,
  }: ServeParts,
): Promise<Server<O>> {
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
  const times = chooseStopTimes(options, values, mode)
  const ownLog =
    options.log ??
    createProcessLog({
      level: values.LOG_LEVEL,
      isForPeople: mode === 'development' && process.stdout.isTTY,
    })
  const log = redactedLog(guardedLog(ownLog, notify), createRedactor())
  const health = createHealth(service.problemTypeBase)
  let answering: AnswerSource = health.starting
  const http = createHttpServer(
    {
      answer: (request) => answering.answer(request),
      refuse: (problem, request) => answering.refuse(problem, request),
    },
    {
      limits: chooseHttpLimits(options, values),
      log,
      clock: systemClock,
    },
  )
  const port = await listen(http.server, { port: askedPort, host, notify })
  const url = toUrl(host, port)
  // Migrations may take minutes from here on; meanwhile probes are answered.
  log.info({ service: service.name, url }, 'listening')
  const owner = options.signals === false ? unmanagedProcess : manageProcess(log)
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
      // The service also redacts what it declares as sensitive.
      log: ownLog,
      notify,
      ...(telemetry ? { telemetry } : {}),
      ...(callerLineOfProgram && mode !== 'production'
        ? { statements: { refuses: false, callerLineOf: callerLineOfProgram } }
        : {}),
      ...(watchExternalCalls && mode !== 'production' ? { externalCalls: watchExternalCalls({ log }) } : {}),
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
      stopped ??= stopServer(started, { ...times, drainDelayMs: delayMs }).finally(owner.release)
      return stopped
    }
    const stop = (): Promise<void> => stopAfter(times.drainDelayMs)
    owner.started({ asked: stop, failed: () => stopAfter(Math.min(times.drainDelayMs, failureDelayMs)) })
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

/** A process that only runs jobs has no operations to answer with. */
function withoutOperations(running: RunningService): RunningService {
  return { ...running, operations: new Map() }
}

function nothingToWorkOn(service: Service): HoldfastError {
  return new HoldfastError(
    'no-background-work',
    `The service "${service.name}" (${service.definedAt}) has no jobs, consumers, schedules or relays; a worker would have nothing to do. Add some to service({ … }), or start it with serve().`,
  )
}

function writeLine(stream: NodeJS.WriteStream): (line: string) => void {
  return (line) => void stream.write(`${line}\n`)
}

/** Returns the URL at which this machine reaches a port, for any address listened on. */
function toUrl(host: string, port: number): string {
  const reachable = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`
}
