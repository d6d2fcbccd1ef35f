import fastify from 'fastify'
import pg from 'pg'
import { z } from 'zod'

// The minimal service: a framework, schemas, and a driver with one open connection.
const pool = new pg.Pool({ connectionString: process.env['DATABASE_URL'] })
await pool.query('select 1')

const Hello = z.object({ hello: z.string() })
const app = fastify()
app.get('/hello', async () => Hello.parse({ hello: 'world' }))

await app.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' })
