import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import { Redis } from 'ioredis'

/** A refusal of a key. */
export interface KeyRefusal {
  readonly code: 'idempotency-key-missing' | 'idempotency-key-reused' | 'idempotency-key-in-flight'
  readonly status: number
  readonly title: string
}

/** The value of a key in Redis. Without an answer, the first call is still running. */
interface Claim {
  readonly fingerprint: string
  readonly answer?: Answer
}

interface Answer {
  readonly status: number
  readonly body: string
}

const retentionSeconds = 604_800

/**
 * Returns the hooks of a route with idempotency keys. They work like common plugins: the key is
 * claimed in Redis before the handler runs, and the answer is stored in Redis after the handler has
 * run. The handler's transaction commits separately. `refuse` returns the error for a refused key.
 */
export function keysInRedis(
  refuse: (refusal: KeyRefusal) => Error,
): Pick<RouteShorthandOptions, 'preHandler' | 'onSend'> {
  const redis = new Redis({ host: '127.0.0.1', port: Number(process.env['REDIS_PORT']) })
  const claims = new WeakMap<FastifyRequest, { readonly key: string; readonly fingerprint: string }>()
  return {
    async preHandler(request, reply) {
      const given = request.headers['idempotency-key']
      if (typeof given !== 'string') throw refuse(missing)
      const key = `idempotency:${given}`
      const fingerprint = fingerprintOf(request)
      const running: Claim = { fingerprint }
      const isFirst = await redis.set(key, JSON.stringify(running), 'EX', retentionSeconds, 'NX')
      if (isFirst !== null) {
        claims.set(request, { key, fingerprint })
        return
      }
      const stored = await redis.get(key)
      const claim = stored === null ? running : (JSON.parse(stored) as Claim)
      if (claim.fingerprint !== fingerprint) throw refuse(reused)
      if (claim.answer === undefined) throw refuse(inFlight)
      return replay(reply, claim.answer)
    },

    async onSend(request, reply, payload) {
      const claim = claims.get(request)
      if (claim === undefined) return
      const { key, fingerprint } = claim
      if (reply.statusCode >= 500) await redis.del(key)
      else {
        const answered: Claim = { fingerprint, answer: { status: reply.statusCode, body: String(payload) } }
        await redis.set(key, JSON.stringify(answered), 'EX', retentionSeconds)
      }
    },
  }
}

const missing: KeyRefusal = {
  code: 'idempotency-key-missing',
  status: 400,
  title: 'The idempotency key is missing',
}
const reused: KeyRefusal = {
  code: 'idempotency-key-reused',
  status: 422,
  title: 'The key was used for another request',
}
const inFlight: KeyRefusal = {
  code: 'idempotency-key-in-flight',
  status: 409,
  title: 'The first call is still running',
}

function fingerprintOf({ method, url, body }: FastifyRequest): string {
  return createHash('sha256').update(`${method} ${url} `).update(JSON.stringify(body)).digest('base64')
}

function replay(reply: FastifyReply, { status, body }: Answer): FastifyReply {
  return reply.code(status).type('application/json').header('idempotency-replayed', 'true').send(body)
}
