import { holdfast } from 'holdfast'
import { bearerTokens } from 'holdfast/identity'
import { expect, onTestFinished, test } from 'vitest'
import { openRaw } from '../../runtimes/node/server/raw-client.fixture.ts'
import { serveForTest } from '../../runtimes/node/serve.fixture.ts'
import { startIssuer } from './issuer.fixture.ts'
import { whoAmI } from './tokens.fixture.ts'

async function startServer() {
  const issuer = await startIssuer()
  const tokens = bearerTokens({ issuers: [{ issuer: issuer.url, audience: issuer.audience }] })
  const service = holdfast({ identify: tokens }).service({ name: 'shop', operations: { whoAmI } })
  const server = await serveForTest(service, { host: '127.0.0.1' })
  return { issuer, url: server.url, port: Number(new URL(server.url).port) }
}

test('a request without a token, and one with an invalid token, get different challenges', async () => {
  const { issuer, url } = await startServer()
  const challengeOf = async (headers: Readonly<Record<string, string>>) => {
    const response = await fetch(`${url}/me`, { headers })
    return [response.status, response.headers.get('www-authenticate')]
  }
  expect(await challengeOf({})).toEqual([401, 'Bearer realm="shop"'])
  const invalid = { authorization: `Bearer ${issuer.tokenAt(0)}` }
  expect(await challengeOf(invalid)).toEqual([401, 'Bearer realm="shop", error="invalid_token"'])
  const valid = { authorization: `bearer  ${issuer.tokenAt(Date.now())}` }
  expect(await challengeOf(valid)).toEqual([200, null])
})

test('a request with two Authorization headers is refused, whatever their order', async () => {
  const { issuer, port } = await startServer()
  const valid = `Authorization: Bearer ${issuer.tokenAt(Date.now())}\r\n`
  const other = 'authorization: Bearer eyJ.e30.AAAA\r\n'
  for (const headers of [valid + other, other + valid, valid + valid]) {
    const client = await openRaw(port)
    onTestFinished(() => client[Symbol.dispose]())
    client.send(`GET /me HTTP/1.1\r\nHost: shop\r\n${headers}\r\n`)
    const answer = await client.answer()
    expect([answer.status, answer.body]).toEqual([
      400,
      expect.stringContaining('The request has more than one Authorization header.'),
    ])
  }
})

test.each(['access_token', 'token'])('a token in the query (%s) is not read', async (name) => {
  const { issuer, url } = await startServer()
  const response = await fetch(`${url}/me?${name}=${issuer.tokenAt(Date.now())}`)
  expect(response.status).not.toBe(200)
})
