import type { Handler } from '../../transports/http/handler.ts'
import type { Health } from '../../transports/http/health.ts'
import type { Worker } from '../../kernel/background/background.ts'
import { toDuration } from '../../kernel/base/duration.ts'
import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import { type Logger, toLogFields } from '../../kernel/base/log.ts'
import type { RunningService } from '../../kernel/service/service.ts'
import { pause, settlesWithin } from '../../kernel/base/wait.ts'
import type { ServiceTelemetry } from './serve-parts.ts'
import type { HttpServer } from './server/http-server.ts'

/** The parts of a server to stop. */
export interface Stoppable {
  readonly http: HttpServer
  readonly health: Health
  readonly handler: Handler
  readonly running: RunningService
  /** The worker; `undefined` if this process runs no jobs. */
  readonly worker: Worker | undefined
  /** The telemetry; `undefined` if nothing is recorded. */
  readonly telemetry: ServiceTelemetry | undefined
  /** The secrets. They are released last, because a lease may be the user of the database. */
  readonly secretChanges: { close(): Promise<void> }
}

/** The time limits of a stop, in milliseconds. */
export interface StopTimes {
  /** The whole stop. */
  readonly graceMs: number
  /** The part of the grace period during which the server still listens. */
  readonly drainDelayMs: number
}

// Min time to close the database, even if the grace period is over.
const minCloseMs = 500

// Time for a job to end after its signal. After this time, the job is abandoned.
const releaseMs = 2_000

// Min and max time to export the last spans, which show the end of the service. The max limits how
// long a receiver that is down can delay the exit.
const minFlushMs = 500
const maxFlushMs = 5_000

/**
 * Stops a service: reports that it is not ready, waits for the load balancer to notice, stops
 * listening, waits for running calls, and closes the service.
 *
 * @throws HoldfastError `shutdown-timeout` if work did not end within `grace` and was cut off. The
 * message names that work.
 */
export async function stopServer(
  { http, health, handler, running, worker, telemetry, secretChanges }: Stoppable,
  { graceMs, drainDelayMs }: StopTimes,
): Promise<void> {
  const endMs = performance.now() + graceMs
  health.drain()
  http.drain()
  // This process takes no more jobs. Running jobs may use the rest of the grace period, except the
  // time needed to release them.
  const working = stopWorking(worker, {
    limitMs: Math.max(0, graceMs - releaseMs),
    log: running.host.log,
  })
  if (drainDelayMs > 0) {
    running.host.log.info({ drainDelayMs }, 'draining')
    await pause(drainDelayMs)
  }
  const hasEnded = await settlesWithin(http.close(), endMs - performance.now())
  const hasReleased = await settlesWithin(working, Math.max(minCloseMs, endMs - performance.now()))
  const hung = hasEnded ? [] : unfinishedWork(handler, http)
  http.server.closeAllConnections()
  const hasClosed = await settlesWithin(running.stop(), Math.max(minCloseMs, endMs - performance.now()))
  const flushMs = Math.max(minFlushMs, endMs - performance.now())
  await telemetry?.stop(Math.min(flushMs, maxFlushMs))
  await settlesWithin(secretChanges.close(), minCloseMs)
  const rest = [
    ...hung,
    ...(hasReleased ? [] : ['a job that could not be released']),
    ...(hasClosed ? [] : ['the database']),
  ]
  if (rest.length === 0) return
  throw new HoldfastError(
    'shutdown-timeout',
    `The service did not stop within ${toDuration(graceMs)} and was terminated. Still running: ${rest.join(', ')}. Pass the signal of the call to everything that a handler awaits, or raise the option grace.`,
  )
}

// Max number of calls in the message, because log collectors truncate long messages.
const maxNamed = 10

/**
 * Returns a phrase for each running call, and for each client that keeps its connection open.
 * Returns at least one phrase.
 */
function unfinishedWork(handler: Handler, http: HttpServer): readonly string[] {
  const calls = [...handler.callsInFlight].map(
    ({ operation, requestId }) => `the call of ${operation} with the request id ${requestId}`,
  )
  const found = [...calls, ...http.unfinishedClients()]
  // The remaining connection has a request with incomplete header fields; node:http does not report
  // such a request.
  if (found.length === 0) return ['a client that was still sending its request']
  if (found.length <= maxNamed) return found
  return [...found.slice(0, maxNamed), `and ${found.length - maxNamed} more`]
}

async function stopWorking(
  worker: Worker | undefined,
  { limitMs, log }: { readonly limitMs: number; readonly log: Logger },
): Promise<void> {
  try {
    const jobs = (await worker?.stop(limitMs)) ?? []
    if (jobs.length > 0) log.info({ jobs }, 'unfinished jobs released; other workers will run them')
  } catch (error) {
    log.error({ error: toLogFields(error) }, 'stopping the worker failed')
  }
}
