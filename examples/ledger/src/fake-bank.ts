import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import type { AddressInfo } from 'node:net'

/**
 * A bank for development and tests. It makes every payment, except to accounts that end in 00, and
 * records the requests.
 */
export interface FakeBank {
  readonly url: string
  /** The number of requests, by key. */
  readonly calls: ReadonlyMap<string, number>
  /** The number of payments made. */
  readonly payments: number
  /** Makes the next requests fail after their payments were made. */
  failNext(times: number): void
  stop(): Promise<void>
}

/** Starts a fake bank on a free port. */
export async function startFakeBank(): Promise<FakeBank> {
  const calls = new Map<string, number>()
  const replies = new Map<string, object>()
  let failures = 0
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const key = String(request.headers['idempotency-key'])
    const { iban } = (await json(request)) as { iban: string }
    calls.set(key, (calls.get(key) ?? 0) + 1)
    const reply =
      replies.get(key) ??
      (iban.endsWith('00')
        ? { state: 'declined' }
        : { state: 'paid', reference: `payment-${replies.size + 1}` })
    replies.set(key, reply)
    failures -= 1
    response.writeHead(failures >= 0 ? 502 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(reply))
  }

  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    get payments() {
      return [...replies.values()].filter((reply) => 'reference' in reply).length
    },
    failNext: (times) => (failures = times),
    async stop() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
