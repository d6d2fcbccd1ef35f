import fastify from 'fastify'
import { openReceipts } from '../assembled/receipts.ts'
import { keysInRedis } from '../idempotency-in-redis.ts'
import { transferUnsafely } from '../work.ts'

// The complete stack, assembled by hand: a key in Redis, then a transaction in Postgres, then a job
// in BullMQ. These are three commits.
const app = fastify()
const receipts = openReceipts(process.env)
const transfer = {
  type: 'object',
  properties: { id: { type: 'integer' }, account: { type: 'integer' }, amount: { type: 'integer' } },
}
const keys = keysInRedis(({ status, title }) => Object.assign(new Error(title), { statusCode: status }))

app.get('/hello', async () => ({ hello: 'world', n: 1 }))
app.post(
  '/transfers',
  { ...keys, schema: { body: transfer, response: { 200: transfer } } },
  async (request) => {
    const made = await transferUnsafely(request.body)
    await receipts.send(made)
    return made
  },
)

await app.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' })
