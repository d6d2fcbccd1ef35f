import express from 'express'
import { readAccount, transferUnsafely } from '../work.ts'

const app = express()
app.use(express.json())
app.get('/hello', (_, response) => void response.json({ hello: 'world', n: 1 }))
app.get(
  '/accounts/:id',
  async (request, response) => void response.json(await readAccount(Number(request.params['id']))),
)
app.post('/transfers', async (request, response) => void response.json(await transferUnsafely(request.body)))

app.listen(Number(process.env['PORT']), '127.0.0.1')
