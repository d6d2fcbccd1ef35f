import { randomUUID } from 'node:crypto'
import autocannon from 'autocannon'

// The client is a separate process, so that its CPU time does not count as the server's.
const [, , url = '', seconds = '3', method = 'GET'] = process.argv
const transfer = (request: autocannon.Request): autocannon.Request => ({
  ...request,
  headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
  body: JSON.stringify({ account: 1 + Math.floor(Math.random() * 1_000), amount: 5 }),
})

const result = await autocannon({
  url,
  duration: Number(seconds),
  connections: 20,
  ...(method === 'POST' ? { requests: [{ method: 'POST' as const, setupRequest: transfer }] } : {}),
})
if (result.non2xx > 0 || result.errors > 0)
  throw new Error(`${url}: ${result.non2xx} failures, ${result.errors} errors`)
process.stdout.write(
  JSON.stringify({ answers: result.requests.total, seconds: result.duration, p99Ms: result.latency.p99 }),
)
