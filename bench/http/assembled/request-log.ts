import { trace, type SpanContext } from '@opentelemetry/api'
import type { FastifyInstance } from 'fastify'
import { destination, type Logger, pino } from 'pino'

const flushMs = 100

/** Returns a logger that writes the same lines as Holdfast, also in batches. */
export function createLogger(): Logger {
  const logger = pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
    },
    destination({ dest: 1, sync: false, minLength: 4_096 }),
  )
  setInterval(() => logger.flush(), flushMs).unref()
  return logger
}

/**
 * Adds the headers of every Holdfast response, and logs one line per request with the same fields
 * as Holdfast, except for the number of statements.
 */
export function identifyRequests(app: FastifyInstance): void {
  app.decorateRequest('trace')
  app.addHook('onRequest', (request, reply, done) => {
    reply
      .header('x-request-id', request.id)
      .header('cache-control', request.method === 'GET' ? 'no-cache' : 'no-store')
      .header('x-content-type-options', 'nosniff')
      .header('content-security-policy', "default-src 'none'; frame-ancestors 'none'")
      .header('cross-origin-resource-policy', 'same-origin')
    const span = trace.getActiveSpan()?.spanContext()
    if (span) {
      request.trace = span
      reply.header('traceparent', toTraceparent(span))
    }
    done()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions, id: requestId } = request
    const { statusCode: status } = reply
    const { traceId, spanId } = request.trace ?? {}
    const { url: route, config } = routeOptions
    const durationMs = Math.round(reply.elapsedTime * 1_000) / 1_000
    request.server.log.info(
      { operation: config?.operation, requestId, traceId, spanId, method, route, status, durationMs },
      `${method} ${route ?? '(no route)'} ${status}`,
    )
    done()
  })
}

function toTraceparent({ traceId, spanId, traceFlags }: SpanContext): string {
  return `00-${traceId}-${spanId}-0${traceFlags}`
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The name of the operation, for the log. */
    operation?: string
  }

  interface FastifyRequest {
    /** The span of the request, if there is one. */
    trace: SpanContext | undefined
  }
}
