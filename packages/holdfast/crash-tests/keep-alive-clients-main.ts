import { randomUUIDv7 } from 'node:crypto'
import { Agent, request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** The results of all clients' requests. */
export interface ClientsReport {
  /** The keys with a successful response. */
  readonly answered: readonly string[]
  /** The other keys, each with the reason for its failure. */
  readonly failed: readonly { readonly key: string; readonly reason: string }[]
  /** The number of connections opened. */
  readonly connections: number
  readonly maxMs: number
}

// The pause between two requests of a client. Meanwhile, the connection is idle, and other
// processes get CPU time.
const thinkMs = 50

const [url = '', count = '1'] = process.argv.slice(2)
const answered: string[] = []
const failed: { key: string; reason: string }[] = []
let connections = 0
let maxMs = 0
let isStopping = false

/** Sends a mutation once. Returns the reason if it fails. */
function send(agent: Agent, key: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const sent = request(`${url}/effects`, {
      agent,
      method: 'POST',
      headers: { 'content-type': 'application/json', 'idempotency-key': `"${key}"` },
    })
    sent.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    sent.on('socket', () => (connections += sent.reusedSocket ? 0 : 1))
    sent.on('response', (response) => {
      let text = ''
      response.on('data', (chunk) => (text += String(chunk)))
      response.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
      response.on('end', () =>
        resolve(response.statusCode === 201 ? undefined : `${response.statusCode} ${text}`),
      )
    })
    sent.end(JSON.stringify({ name: key }))
  })
}

async function client(): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  while (!isStopping) {
    const key = randomUUIDv7()
    const startedMs = performance.now()
    const reason = await send(agent, key)
    maxMs = Math.max(maxMs, performance.now() - startedMs)
    if (reason === undefined) answered.push(key)
    else failed.push({ key, reason })
    await sleep(thinkMs * (0.5 + Math.random()))
  }
  agent.destroy()
}

process.once('message', () => (isStopping = true))
// Ends this process when its parent process ends.
process.once('disconnect', () => process.exit())
process.send?.('started')
await Promise.all(Array.from({ length: Number(count) }, client))
process.send?.({ answered, failed, connections, maxMs: Math.round(maxMs) } satisfies ClientsReport)
