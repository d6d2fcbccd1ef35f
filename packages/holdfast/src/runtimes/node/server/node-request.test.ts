import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import { NodeRequest } from './node-request.ts'
import { TrustedProxies } from './trusted-proxies.ts'

test('a request knows its connection', async () => {
  const server = createServer((incoming, response) => {
    response.end(JSON.stringify(new NodeRequest(incoming, { proxies: new TrustedProxies([]) }).connection))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  expect(await answer.json()).toEqual({
    protocolVersion: '1.1',
    peerAddress: '127.0.0.1',
    peerPort: expect.any(Number),
  })
  server.close()
  server.closeAllConnections()
})
