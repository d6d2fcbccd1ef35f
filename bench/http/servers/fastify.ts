import fastify from 'fastify'
import { readAccount, transferUnsafely } from '../work.ts'

const app = fastify()
const answer = { type: 'object', properties: { hello: { type: 'string' }, n: { type: 'integer' } } }
const account = {
  type: 'object',
  properties: { id: { type: 'integer' }, name: { type: 'string' }, balance: { type: 'integer' } },
}
const transfer = {
  type: 'object',
  properties: { id: { type: 'integer' }, account: { type: 'integer' }, amount: { type: 'integer' } },
}

app.get('/hello', { schema: { response: { 200: answer } } }, async () => ({ hello: 'world', n: 1 }))
app.get<{ Params: { id: number } }>(
  '/accounts/:id',
  {
    schema: {
      params: { type: 'object', properties: { id: { type: 'integer' } } },
      response: { 200: account },
    },
  },
  (request) => readAccount(request.params.id),
)
app.post('/transfers', { schema: { body: transfer, response: { 200: transfer } } }, (request) =>
  transferUnsafely(request.body),
)

await app.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' })
