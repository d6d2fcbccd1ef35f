import fastify from 'fastify'
import { Redis } from 'ioredis'
import { transferUnsafely } from '../work.ts'

// What is assembled by hand as a rule: the key and its answer in Redis, beside the transaction. Not safe: a crash between the
// two doubles the effect, as does a second request before the first has stored its answer.
const app = fastify()
const redis = new Redis(process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379')
const transfer = {
  type: 'object',
  properties: { id: { type: 'integer' }, account: { type: 'integer' }, amount: { type: 'integer' } },
}

app.post('/transfers', { schema: { body: transfer } }, async (request, reply) => {
  const key = `idempotency:${String(request.headers['idempotency-key'])}`
  void reply.type('application/json')
  const isFirst = await redis.set(key, 'running', 'EX', 604_800, 'NX')
  if (isFirst === null) return (await redis.get(key)) ?? '{}'
  const body = JSON.stringify(await transferUnsafely(request.body))
  await redis.set(key, body, 'EX', 604_800)
  return body
})

await app.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' })
