import fastify from 'fastify'
import { keysInRedis } from '../idempotency-in-redis.ts'
import { transferUnsafely } from '../work.ts'

// The usual stack, assembled by hand: the key and its answer are in Redis, outside of the
// transaction.
const app = fastify()
const transfer = {
  type: 'object',
  properties: { id: { type: 'integer' }, account: { type: 'integer' }, amount: { type: 'integer' } },
}
const keys = keysInRedis(({ status, title }) => Object.assign(new Error(title), { statusCode: status }))

app.get('/hello', async () => ({ hello: 'world', n: 1 }))
app.post('/transfers', { ...keys, schema: { body: transfer, response: { 200: transfer } } }, (request) =>
  transferUnsafely(request.body),
)

await app.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' })
