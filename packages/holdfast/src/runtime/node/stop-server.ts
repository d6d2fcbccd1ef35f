import { setTimeout as sleep } from 'node:timers/promises'
import type { Handler } from '../../http/handler.ts'
import type { Health } from '../../http/health.ts'
import { HoldfastError } from '../../kernel/holdfast-error.ts'
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
  { http, health, handler, running, telemetry }: Stoppable,
  { graceMs, drainDelayMs }: StopTimes,
): Promise<void> {
  const endMs = performance.now() + graceMs
  health.drain()
  http.drain()
  if (drainDelayMs > 0) {
    running.surroundings.log.info({ drainDelayMs }, 'draining')
    await sleep(drainDelayMs)
  }
  const hasEnded = await endsWithin(http.close(), endMs - performance.now())
  const hung = hasEnded ? [] : [...handler.callsInFlight]
  http.server.closeAllConnections()
  const hasClosed = await endsWithin(running.stop(), Math.max(leastCloseMs, endMs - performance.now()))
  const flushMs = Math.max(leastFlushMs, endMs - performance.now())
  await telemetry?.stop(Math.min(flushMs, longestFlushMs))
  const rest = [
    ...hung.map(({ operation, requestId }) => `the call of ${operation} with the request id ${requestId}`),
    ...(hasEnded || hung.length > 0 ? [] : ['a client that was still sending its request']),
    ...(hasClosed ? [] : ['the database']),
  ]
  if (rest.length === 0) return
  throw new HoldfastError(
    'grace-exceeded',
    `The service had not ended after ${graceMs} ms, and was cut off. What it waited for: ${rest.join(', ')}. A handler ends in time when all that it waits for takes its signal; graceMs gives it longer.`,
  )
}
