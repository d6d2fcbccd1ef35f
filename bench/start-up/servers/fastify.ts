import fastify from 'fastify'

const app = fastify()
app.get('/hello', async () => ({ hello: 'world' }))

await app.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' })
