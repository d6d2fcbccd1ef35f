import type { FastifyReply, FastifyRequest } from 'fastify'
import { Redis } from 'ioredis'

const redis = new Redis({ host: '127.0.0.1', port: Number(process.env['REDIS_PORT']) })
const running = 'running'
const retentionSeconds = 604_800

/** Returns the stored answer if Redis has the key of the request. Otherwise does the work. */
export async function onceByRedis(
  request: FastifyRequest,
  reply: FastifyReply,
  work: () => Promise<string>,
): Promise<string> {
  const key = `idempotency:${String(request.headers['idempotency-key'])}`
  void reply.type('application/json')
  const isFirst = await redis.set(key, running, 'EX', retentionSeconds, 'NX')
  if (isFirst === null) {
    const stored = await redis.get(key)
    if (stored !== null && stored !== running) return stored
    void reply.code(409)
    return '{"title":"The first attempt is still running"}'
  }
  try {
    const body = await work()
    await redis.set(key, body, 'EX', retentionSeconds)
    return body
  } catch (error) {
    await redis.del(key)
    throw error
  }
}
