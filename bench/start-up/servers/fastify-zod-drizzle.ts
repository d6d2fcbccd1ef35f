import { sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { pgTable, text } from 'drizzle-orm/pg-core'
import fastify from 'fastify'
import { z } from 'zod'

// The same server as with `pg` alone, but with Drizzle.
const greetings = pgTable('greetings', { hello: text().notNull() })
const db = drizzle(process.env['DATABASE_URL'] ?? '', { schema: { greetings } })
await db.execute(sql`select 1`)

const Hello = z.object({ hello: z.string() })
const app = fastify()
app.get('/hello', async () => Hello.parse({ hello: 'world' }))

await app.listen({ port: Number(process.env['PORT']), host: '127.0.0.1' })
