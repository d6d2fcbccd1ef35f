import fastify from 'fastify'
import { transferUnsafely } from '../work.ts'
import { onceByRedis } from '../once-by-redis.ts'

// The usual stack, assembled by hand: the key and its answer are in Redis, outside of the
// transaction.
const app = fastify()
const transfer = {
  type: 'object',
  properties: { id: { type: 'integer' }, account: { type: 'integer' }, amount: { type: 'integer' } },
}

app.get('/hello', async () => ({ hello: 'world', n: 1 }))
app.post('/transfers', { schema: { body: transfer } }, (request, reply) =>
  onceByRedis(request, reply, async () => JSON.stringify(await transferUnsafely(request.body))),
)

await app.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' })
