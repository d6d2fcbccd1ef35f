import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { HoldfastError } from 'holdfast'
import { bearerTokens } from 'holdfast/identity'
import Provider, { type Configuration } from 'oidc-provider'
import { expect, onTestFinished, test } from 'vitest'
import { call, bodyOf, startService } from '../../kernel/service/start-service.fixture.ts'
import { whoAmI } from './tokens.fixture.ts'

const audience = 'https://api.example.com'
const redirectUri = 'https://app.example.com/callback'

/** Starts an authorization server that issues JWT access tokens for one resource (RFC 8707). */
async function startProvider(): Promise<string> {
  const server = createServer((request, response) => void provider.callback()(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const provider = new Provider(issuer, configuration(privateKey.export({ format: 'jwk' })))
  return issuer
}

function configuration(key: object): Configuration {
  return {
    jwks: { keys: [{ ...key, alg: 'ES256', use: 'sig', kid: 'first' } as never] },
    clients: [
      {
        client_id: 'billing',
        client_secret: 'secret',
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      },
      {
        client_id: 'app',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code'],
        redirect_uris: [redirectUri],
        response_types: ['code'],
      },
    ],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    scopes: ['openid', 'orders:read'],
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: () => ({
          scope: 'orders:read',
          audience,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
        defaultResource: () => audience,
        useGrantedResource: () => true,
      },
    },
    cookies: { keys: ['key'] },
    pkce: { required: () => true },
    ttl: { AccessToken: 300 },
  } as Configuration
}

/**
 * Starts a service that accepts an issuer's tokens, and returns a function that calls the service.
 */
async function startReader(issuer: string) {
  const running = await startService(
    { whoAmI },
    { identify: bearerTokens({ issuers: [{ issuer, audience }] }) },
  )
  return async (token: string) => {
    const answer = await call(running, 'whoAmI', { headers: { authorization: `Bearer ${token}` } })
    const { who = 'null' } = bodyOf(answer) as { who?: string }
    return { status: answer.status, caller: JSON.parse(who) as unknown }
  }
}

/** Requests a token, and returns the members of the response. */
async function requestToken(issuer: string, form: Readonly<Record<string, string>>, basic?: string) {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: basic === undefined ? {} : { authorization: `Basic ${btoa(basic)}` },
    body: new URLSearchParams(form),
  })
  return (await response.json()) as { access_token: string; id_token?: string }
}

test('a service calls another with a token of the client credentials grant', async () => {
  const issuer = await startProvider()
  const read = await startReader(issuer)
  const form = { grant_type: 'client_credentials', scope: 'orders:read', resource: audience }
  const { access_token: token } = await requestToken(issuer, form, 'billing:secret')
  const { caller } = await read(token)
  expect(caller).toEqual({ kind: 'service', id: 'billing', scopes: ['orders:read'] })
})

test('an app calls for a user with a token of the authorization code grant and PKCE', async () => {
  const issuer = await startProvider()
  const read = await startReader(issuer)
  const verifier = randomBytes(32).toString('base64url')
  const code = await signIn(issuer, createHash('sha256').update(verifier).digest('base64url'))
  const tokens = await requestToken(issuer, {
    grant_type: 'authorization_code',
    client_id: 'app',
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    resource: audience,
  })
  const { caller } = await read(tokens.access_token)
  expect(caller).toEqual({ kind: 'user', id: 'ann', scopes: ['orders:read'] })
  expect((await read(tokens.id_token ?? '')).status).toBe(401)
})

/** Signs in and consents as a browser does. Returns the authorization code. */
async function signIn(issuer: string, challenge: string): Promise<string> {
  const cookies = new Map<string, string>()
  const visit = async (target: string, form?: Readonly<Record<string, string>>): Promise<Response> => {
    const response = await fetch(new URL(target, issuer), {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      cookies.set(name, value)
    }
    return response
  }
  const parameters = new URLSearchParams({
    client_id: 'app',
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: 'openid orders:read',
    resource: audience,
    code_challenge: challenge,
    code_challenge_method: 'S256',
  })
  let response = await visit(`/auth?${parameters.toString()}`)
  for (let steps = 0; steps < 10; steps += 1) {
    const location = response.headers.get('location')
    if (location === null) {
      const page = await response.text()
      const isLogin = page.includes('name="login"')
      const [, action = ''] = /action="([^"]+)"/.exec(page) ?? []
      response = await visit(
        action,
        isLogin ? { prompt: 'login', login: 'ann', password: 'x' } : { prompt: 'consent' },
      )
    } else if (location.startsWith(redirectUri)) {
      return new URL(location).searchParams.get('code') ?? location
    } else {
      response = await visit(location)
    }
  }
  throw new HoldfastError('test-sign-in-failed', `There is no code after ${response.url}`)
}
