import { systemClock } from '../../kernel/base/clock.ts'
import { throwReason } from '../../kernel/host/start-failure.ts'
import { createHandler, type Handler } from '../../transports/http/handler.ts'
import type { Health } from '../../transports/http/health.ts'
import type { Pages } from '../../transports/http/responder.ts'
import { parseRoute } from '../../kernel/operation/route.ts'
import type { RunningService, Service } from '../../kernel/service/service.ts'
import type { Operations } from '../../kernel/service/service-definition.ts'
import { flushCompileCacheSoon } from './flush-compile-cache.ts'
import { failStart, manageProcess, type ProcessOwner } from './process-owner.ts'
import type { ServeOptions } from './serve-options.ts'
import type { ServeParts } from './serve-parts.ts'
import { openListener } from './server/listener.ts'
import { readConfiguration } from './settings/configuration.ts'
import { startService, type StartOptions } from './start-service.ts'
import { type Stoppable, stopServer, type StopTimes } from './stop-server.ts'

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
 * - A failed start closes what it has started, and exits with code 1.
 * - A stop takes little more than `grace`: work that has not ended by then is cut off and named in
 *   the log (stop-server.ts).
 * - Only `manageProcess` handles signals and sets exit codes; with `signals: false`, it does not
 *   run.
 */

/** A service that listens. */
export interface Server<Defined extends Operations = Operations> {
  /** The URL of the server for clients on this machine. */
  readonly url: string
  readonly port: number
  readonly service: RunningService<Defined>
  /**
   * Stops the service. During the drain delay, the service reports that it is not ready, but still
   * listens. Then it stops listening, waits for running calls, and closes. Further calls wait for
   * the same stop.
   *
   * @throws HoldfastError `shutdown-timeout` if work had not ended within `grace`.
   */
  stop(): Promise<void>
}

/**
 * Starts a service and answers HTTP with it: `await serve(service)` is a complete main file.
 *
 * @throws HoldfastError if `signals` is false: `configuration-invalid`, `port-in-use`,
 *   `port-forbidden`, `host-unavailable`, and any other error that prevents the service from
 *   starting.
 */
export type Serve = <Defined extends Operations>(
  service: Service<Defined>,
  options?: ServeOptions,
) => Promise<Server<Defined>>

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

const unmanagedProcess: ProcessOwner = { started: () => {}, release: () => {} }

async function start<Defined extends Operations>(
  service: Service<Defined>,
  options: ServeOptions,
  parts: ServeParts,
): Promise<Server<Defined>> {
  const configuration = await readConfiguration(service, options, parts.settings)
  const { log, secretChanges } = configuration
  try {
    return await throwReason(log, () => open(service, options, { parts, configuration }))
  } catch (error) {
    await secretChanges.close()
    throw error
  }
}

async function open<Defined extends Operations>(
  service: Service<Defined>,
  options: ServeOptions,
  { parts, configuration }: StartOptions,
): Promise<Server<Defined>> {
  const { log, secretChanges, secretsRefreshMs } = configuration
  const health = parts.createHealth(service.problemTypeBase)
  await using starting = new AsyncDisposableStack()
  const listener = await openListener(health.starting, configuration)
  starting.defer(() => listener.close())
  const { http, port, url } = listener
  // The next steps may run migrations for minutes. Meanwhile, the server answers probes.
  log.info({ service: service.name, url }, 'listening')
  const owner = options.signals === false ? unmanagedProcess : manageProcess(log)
  starting.defer(owner.release)
  const { running, worker, telemetry, close } = await startService(service, options, { parts, configuration })
  starting.defer(close)
  const handler = createServiceHandler(running, health, { options, parts, configuration })
  listener.answerWith(handler)
  log.info({ service: service.name, url }, 'ready')
  for (const { route, announcement } of running.pages)
    if (announcement !== undefined) log.info({ url: new URL(parseRoute(route).path, url).href }, announcement)
  flushCompileCacheSoon()
  secretChanges.start({ clock: systemClock, log, everyMs: secretsRefreshMs })
  // From now on, `stop` closes all parts, within its time limits.
  starting.move()
  const server = { http, health, handler, running, worker, telemetry, secretChanges }
  const stop = ownProcess(owner, server, configuration.stopTimes)
  return { url, port, service: running, stop }
}

function createServiceHandler(
  running: RunningService,
  health: Health,
  { options, parts, configuration }: StartOptions & { readonly options: ServeOptions },
): Handler {
  const { answersCalls, documentation } = parts
  const pages: Pages = (of) => [
    ...health.pages(of),
    ...(options.documentation === false || !answersCalls ? [] : documentation(of)),
  ]
  return createHandler(answersCalls ? running : withoutOperations(running), {
    ...options,
    ...configuration.securityHeaders,
    pages,
  })
}

/** Returns the service without its operations, for a process that only runs jobs. */
function withoutOperations(running: RunningService): RunningService {
  return { ...running, operations: new Map() }
}

// Max drain delay after an uncaught error. It is enough to close all connections in use; a process
// in an unknown state should not run longer.
const failureDelayMs = 1_500

/**
 * Makes the owner of the process stop the server at most once. Returns the function that stops the
 * server.
 */
function ownProcess(owner: ProcessOwner, server: Stoppable, times: StopTimes): () => Promise<void> {
  let stopped: Promise<void> | undefined
  const stopAfter = (delayMs: number): Promise<void> => {
    stopped ??= stopServer(server, { ...times, drainDelayMs: delayMs }).finally(owner.release)
    return stopped
  }
  const stop = (): Promise<void> => stopAfter(times.drainDelayMs)
  owner.started({ asked: stop, failed: () => stopAfter(Math.min(times.drainDelayMs, failureDelayMs)) })
  return stop
}
