import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import autocannon from 'autocannon'

// The client is a separate process, so that its CPU time does not count as the server's.
const [, , url = '', seconds = '3', method = 'GET', headersFile] = process.argv
const headerSets =
  headersFile === undefined
    ? [{}]
    : (JSON.parse(readFileSync(headersFile, 'utf8')) as Readonly<Record<string, string>>[])
let next = 0
const transfer = (request: autocannon.Request): autocannon.Request => ({
  ...request,
  headers: { 'content-type': 'application/json', 'idempotency-key': randomUUID() },
  body: JSON.stringify({ account: 1 + Math.floor(Math.random() * 1_000), amount: 5 }),
})

const withHeaders = (request: autocannon.Request): autocannon.Request => {
  next = (next + 1) % headerSets.length
  return { ...request, headers: headerSets[next]! }
}

const result = await autocannon({
  url,
  duration: Number(seconds),
  connections: 20,
  ...(method === 'POST' ? { requests: [{ method: 'POST' as const, setupRequest: transfer }] } : {}),
  ...(headersFile === undefined ? {} : { requests: [{ setupRequest: withHeaders }] }),
})
if (result.non2xx > 0 || result.errors > 0)
  throw new Error(`${url}: ${result.non2xx} failures, ${result.errors} errors`)
process.stdout.write(
  JSON.stringify({ answers: result.requests.total, seconds: result.duration, p99Ms: result.latency.p99 }),
)
