import { Queue } from 'bullmq'
import fastify from 'fastify'
import { transferUnsafely } from '../work.ts'
import { onceByRedis } from '../once-by-redis.ts'

// The complete stack, assembled by hand: a key in Redis, then a transaction in Postgres, then a job
// in BullMQ. These are three commits.
const app = fastify()
const receipts = new Queue('receipts', {
  connection: { host: '127.0.0.1', port: Number(process.env['REDIS_PORT']) },
})
const transfer = {
  type: 'object',
  properties: { id: { type: 'integer' }, account: { type: 'integer' }, amount: { type: 'integer' } },
}

app.get('/hello', async () => ({ hello: 'world', n: 1 }))
app.post('/transfers', { schema: { body: transfer } }, (request, reply) =>
  onceByRedis(request, reply, async () => {
    const made = await transferUnsafely(request.body)
    await receipts.add('send', { transfer: made.id }, { attempts: 5, backoff: { type: 'exponential' } })
    return JSON.stringify(made)
  }),
)

await app.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' })
