import type { Server } from 'node:http'
import type { Handler } from '../../http/handler.ts'
import { HoldfastError } from '../../kernel/holdfast-error.ts'
import type { RunningService } from '../../kernel/service.ts'
import { endsWithin } from './ends-within.ts'

/** What is stopped. */
export interface Stoppable {
  readonly server: Server
  readonly handler: Handler
  readonly running: RunningService
}

const defaultGraceMs = 10_000
// What is left of the grace may be nothing; the database gets this much all the same.
const leastCloseMs = 500

/**
 * Stops listening, waits for the calls that are under way, and closes the service.
 *
 * @throws HoldfastError `grace-exceeded` that says what had not ended within `graceMs`; it has been cut off.
 */
export async function stopServer(
  { server, handler, running }: Stoppable,
  graceMs: number = defaultGraceMs,
): Promise<void> {
  const endMs = performance.now() + graceMs
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve())
  })
  const hasEnded = await endsWithin(closed, graceMs)
  const hung = hasEnded ? [] : [...handler.callsInFlight]
  server.closeAllConnections()
  const hasClosed = await endsWithin(running.stop(), Math.max(leastCloseMs, endMs - performance.now()))
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
