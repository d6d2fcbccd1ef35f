import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { readAccount, transferUnsafely } from '../work.ts'

const app = new Hono()
app.get('/hello', (c) => c.json({ hello: 'world', n: 1 }))
app.get('/accounts/:id', async (c) => c.json((await readAccount(Number(c.req.param('id')))) as object))
app.post('/transfers', async (c) => c.json(await transferUnsafely(await c.req.json())))

serve({ fetch: app.fetch, port: Number(process.env['PORT']), hostname: '127.0.0.1' })
