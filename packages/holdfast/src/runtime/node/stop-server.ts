import { setTimeout as sleep } from 'node:timers/promises'
import type { Handler } from '../../http/handler.ts'
import type { Health } from '../../http/health.ts'
import type { Worker } from '../../kernel/background.ts'
import { HoldfastError } from '../../kernel/holdfast-error.ts'
import { type Logger, toLogFields } from '../../kernel/log.ts'
import type { RunningService } from '../../kernel/service.ts'
import type { Telemetry } from '../../kernel/telemetry.ts'
import { endsWithin } from './ends-within.ts'
import type { HttpServer } from './http-server.ts'

/** What a service is watched with while it runs. */
export interface ServiceTelemetry extends Telemetry {
  /** Sends what there is by now, for at most `limitMs`, and ends. It does not throw. */
  stop(limitMs: number): Promise<void>
}

/** What is stopped. */
export interface Stoppable {
  readonly http: HttpServer
  readonly health: Health
  readonly handler: Handler
  readonly running: RunningService
  /** `undefined` where this process works on no jobs. */
  readonly worker: Worker | undefined
  /** `undefined` where nothing is recorded. */
  readonly telemetry: ServiceTelemetry | undefined
}

/** How long stopping takes, in milliseconds. */
export interface StopTimes {
  /** Of the whole. */
  readonly graceMs: number
  /** Of the part of it in which the server still listens. */
  readonly drainDelayMs: number
}

// What is left of the grace may be nothing; the database gets this much all the same.
const leastCloseMs = 500

// A job that does not end when its signal says so is left alone after a second.
const handBackMs = 2_000

// The last spans say how the service ended; a receiver that is away must not keep it.
const leastFlushMs = 500
const longestFlushMs = 5_000

/**
 * Tells the load balancer to send nothing more and gives it time to hear that, stops listening, waits for the calls that are
 * under way, and closes the service.
 *
 * @throws HoldfastError `grace-exceeded` that says what had not ended within `graceMs`; it has been cut off.
 */
export async function stopServer(
  { http, health, handler, running, worker, telemetry }: Stoppable,
  { graceMs, drainDelayMs }: StopTimes,
): Promise<void> {
  const endMs = performance.now() + graceMs
  health.drain()
  http.drain()
  // Jobs are taken by others from now on; what runs has the rest of the grace, less what it takes to hand it back.
  const working = stopWorking(worker, {
    limitMs: Math.max(0, graceMs - handBackMs),
    log: running.surroundings.log,
  })
  if (drainDelayMs > 0) {
    running.surroundings.log.info({ drainDelayMs }, 'draining')
    await sleep(drainDelayMs)
  }
  const hasEnded = await endsWithin(http.close(), endMs - performance.now())
  const hasHandedBack = await endsWithin(working, Math.max(leastCloseMs, endMs - performance.now()))
  const hung = hasEnded ? [] : unfinishedWork(handler, http)
  http.server.closeAllConnections()
  const hasClosed = await endsWithin(running.stop(), Math.max(leastCloseMs, endMs - performance.now()))
  const flushMs = Math.max(leastFlushMs, endMs - performance.now())
  await telemetry?.stop(Math.min(flushMs, longestFlushMs))
  const rest = [
    ...hung,
    ...(hasHandedBack ? [] : ['a job that could not be handed back']),
    ...(hasClosed ? [] : ['the database']),
  ]
  if (rest.length === 0) return
  throw new HoldfastError(
    'grace-exceeded',
    `The service had not ended after ${graceMs} ms, and was cut off. What it waited for: ${rest.join(', ')}. A handler ends in time when all that it waits for takes its signal; graceMs gives it longer.`,
  )
}

// A message with every one of a thousand would be cut off by what collects it.
const maxNamed = 10

/** Returns a phrase for each call that runs and each client that keeps its connection, of which there is at least one. */
function unfinishedWork(handler: Handler, http: HttpServer): readonly string[] {
  const calls = [...handler.callsInFlight].map(
    ({ operation, requestId }) => `the call of ${operation} with the request id ${requestId}`,
  )
  const found = [...calls, ...http.unfinishedClients()]
  // A request whose header fields have not all arrived is not one yet.
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
    if (jobs.length > 0) log.info({ jobs }, 'jobs that had not ended were handed back; others run them again')
  } catch (error) {
    log.error({ error: toLogFields(error) }, 'the work on jobs did not end in order')
  }
}
