import { auth0, bearerTokens, clerk, cognito, entra, keycloak, type TrustedIssuer } from 'holdfast/identity'
import { createFakeClock } from 'holdfast/testing'
import { describe, expect, test } from 'vitest'
import { bodyOf, call, startService } from '../../../kernel/service/start-service.fixture.ts'
import { createKey, type Members, TestIssuer, toJwk } from '../issuer.fixture.ts'
import { whoAmI } from '../tokens.fixture.ts'

const key = createKey('RS256', 'key-1')
const keys = { keys: [toJwk(key)] }
const tenantId = '8f2f2a3e-6f0b-4d0e-9d55-2f5f3a6c1d11'
const api = '0b7a1d3c-1f7c-4a4b-8a51-0f6c7d1d2e22'

/** A provider, and the shapes of its tokens. */
interface Shape {
  readonly name: string
  readonly trusted: TrustedIssuer
  readonly header: Members
  /** The claims of a user, in addition to `iat` and `exp`. */
  readonly user: Members
  readonly userCaller: Members
  /** The claims of a service that differ. `undefined`: the provider has no such tokens. */
  readonly service?: Members
  readonly serviceCaller?: Members
  /** Changes to the claims for which a token is refused, and the reason. */
  readonly refused: readonly (readonly [changes: Members, reason: string])[]
}

const shapes: readonly Shape[] = [
  {
    name: 'auth0',
    trusted: auth0({ domain: 'example.eu.auth0.com', audience: 'https://api.example.com', keys }),
    header: { typ: 'JWT' },
    user: {
      iss: 'https://example.eu.auth0.com/',
      sub: 'auth0|507f1f77bcf86cd799439011',
      aud: ['https://api.example.com', 'https://example.eu.auth0.com/userinfo'],
      azp: 'my_client_id',
      scope: 'openid profile orders:read',
      permissions: ['orders:read', 'orders:write'],
    },
    userCaller: {
      kind: 'user',
      id: 'auth0|507f1f77bcf86cd799439011',
      scopes: ['openid', 'profile', 'orders:read', 'orders:write'],
    },
    service: {
      sub: 'my_client_id@clients',
      aud: 'https://api.example.com',
      gty: 'client-credentials',
      scope: 'orders:read',
      permissions: undefined,
    },
    serviceCaller: { kind: 'service', id: 'my_client_id@clients', scopes: ['orders:read'] },
    refused: [
      [{ iss: 'https://other.eu.auth0.com/' }, 'its issuer is not trusted'],
      [{ aud: 'my_client_id' }, 'it is for another audience'],
    ],
  },
  {
    name: 'clerk',
    trusted: clerk({
      issuer: 'https://clerk.example.com',
      authorizedParties: ['https://app.example.com'],
      keys,
    }),
    header: { typ: 'JWT', cat: 'cl_B7d4PD111AAA' },
    user: {
      iss: 'https://clerk.example.com',
      sub: 'user_2abc',
      sid: 'sess_2abc',
      azp: 'https://app.example.com',
      sts: 'active',
      v: 2,
      fva: [0, -1],
    },
    userCaller: { kind: 'user', id: 'user_2abc', scopes: [] },
    refused: [
      [{ azp: 'https://attacker.example.com' }, 'it is for another origin'],
      [{ azp: undefined }, 'it is for another origin'],
      [{ sid: undefined }, 'it belongs to no session'],
      [{ sts: 'pending' }, 'its session is not active'],
      [{ aud: 'anything' }, 'it is for another audience'],
    ],
  },
  {
    name: 'cognito',
    trusted: cognito({ region: 'eu-central-1', userPoolId: 'eu-central-1_Ab', clientIds: ['web'], keys }),
    header: { typ: undefined },
    user: {
      iss: 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Ab',
      sub: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
      client_id: 'web',
      token_use: 'access',
      scope: 'aws.cognito.signin.user.admin',
      username: 'ann',
      'cognito:groups': ['admins'],
      version: 2,
    },
    userCaller: {
      kind: 'user',
      id: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
      scopes: ['aws.cognito.signin.user.admin'],
    },
    service: { sub: 'web', scope: 'orders/read', username: undefined },
    serviceCaller: { kind: 'service', id: 'web', scopes: ['orders/read'] },
    refused: [
      [{ token_use: 'id' }, 'it is not an access token'],
      [{ token_use: 'id', aud: 'web', client_id: undefined }, 'it is for another audience'],
      [{ client_id: 'other' }, 'it is of another client'],
      [{ client_id: undefined }, 'it is of another client'],
    ],
  },
  {
    name: 'entra, version 2',
    trusted: entra({ tenantId, audience: api, keys }),
    header: { typ: 'JWT' },
    user: {
      iss: `https://login.microsoftonline.com/${tenantId}/v2.0`,
      aud: api,
      sub: 'pairwise-subject',
      oid: 'object-of-ann',
      tid: tenantId,
      azp: 'client',
      azpacr: '0',
      scp: 'Orders.Read Orders.Write',
      ver: '2.0',
    },
    userCaller: { kind: 'user', id: 'object-of-ann', scopes: ['Orders.Read', 'Orders.Write'] },
    service: {
      sub: 'object-of-billing',
      oid: 'object-of-billing',
      scp: undefined,
      roles: ['Orders.Read.All'],
      azpacr: '1',
    },
    serviceCaller: { kind: 'service', id: 'object-of-billing', scopes: ['role:Orders.Read.All'] },
    refused: [
      [{ tid: 'other' }, 'it is of another tenant'],
      [{ iss: 'https://login.microsoftonline.com/other/v2.0' }, 'its issuer is not trusted'],
      [{ ver: '1.0' }, 'it has another version'],
      [{ azp: undefined, scp: undefined, roles: ['Admin'] }, 'it is not an access token'],
      [{ scp: undefined }, 'it has no permission'],
      [{ oid: undefined }, 'its claims belong to no caller'],
    ],
  },
  {
    name: 'entra, version 1',
    trusted: entra({ tenantId, audience: `api://${api}`, version: 1, keys }),
    header: { typ: 'JWT', x5t: 'key-1' },
    user: {
      iss: `https://sts.windows.net/${tenantId}/`,
      aud: `api://${api}`,
      oid: 'object-of-ann',
      tid: tenantId,
      appid: 'client',
      appidacr: '0',
      scp: 'Orders.Read',
      ver: '1.0',
    },
    userCaller: { kind: 'user', id: 'object-of-ann', scopes: ['Orders.Read'] },
    service: { scp: undefined, roles: ['Orders.Read.All'], idtyp: 'app' },
    serviceCaller: { kind: 'service', id: 'object-of-ann', scopes: ['role:Orders.Read.All'] },
    refused: [
      [{ ver: '2.0' }, 'it has another version'],
      [{ appid: undefined }, 'it is not an access token'],
    ],
  },
  {
    name: 'keycloak',
    trusted: keycloak({
      url: 'https://sso.example.com/',
      realm: 'shop',
      audience: 'orders',
      clients: ['web', 'Billing'],
      keys,
    }),
    header: { typ: 'JWT' },
    user: {
      iss: 'https://sso.example.com/realms/shop',
      aud: ['orders', 'account'],
      sub: 'f7a1',
      typ: 'Bearer',
      azp: 'web',
      scope: 'profile email',
      realm_access: { roles: ['manager'] },
      resource_access: { account: { roles: ['view-profile'] } },
      preferred_username: 'ann',
    },
    userCaller: { kind: 'user', id: 'f7a1', scopes: ['profile', 'email', 'role:manager'] },
    service: {
      azp: 'Billing',
      client_id: 'Billing',
      preferred_username: 'service-account-billing',
      realm_access: undefined,
    },
    serviceCaller: { kind: 'service', id: 'Billing', scopes: ['profile', 'email'] },
    refused: [
      [{ typ: 'ID', aud: 'orders' }, 'it is not an access token'],
      [{ typ: 'Refresh' }, 'it is not an access token'],
      [{ azp: 'other' }, 'it is of another client'],
      [{ aud: 'account' }, 'it is for another audience'],
    ],
  },
]

describe.each(shapes)('$name', ({ trusted, header, user, userCaller, service, serviceCaller, refused }) => {
  async function send(changes: Members): Promise<{ readonly caller?: unknown; readonly reason?: unknown }> {
    const clock = createFakeClock()
    const issuer = new TestIssuer(trusted.issuer, key)
    const lines: Members[] = []
    const running = await startService(
      { whoAmI },
      {
        identify: bearerTokens({ issuers: [trusted] }),
        clock,
        onLog: (line) => lines.push(JSON.parse(line) as Members),
      },
    )
    const times = { aud: undefined, sub: undefined, client_id: undefined, scope: undefined }
    const claims = issuer.claims(clock.now(), { ...times, ...user, ...changes })
    const headers = { authorization: `Bearer ${issuer.token(issuer.header(header), claims)}` }
    const { who } = bodyOf(await call(running, 'whoAmI', { headers })) as { who?: string }
    if (who !== undefined) return { caller: JSON.parse(who) as unknown }
    return { reason: lines.find(({ msg }) => msg === 'access token refused')?.['reason'] }
  }

  test('a token of a user is accepted', async () => {
    expect(await send({})).toEqual({ caller: userCaller })
  })

  test.skipIf(!service)('a token of a service is accepted', async () => {
    expect(await send(service ?? {})).toEqual({ caller: serviceCaller })
  })

  test.each(refused)('a token with %o is refused', async (changes, reason) => {
    expect(await send(changes)).toEqual({ reason })
  })
})

test('the caller and the prefix of a preset can be replaced', async () => {
  const trusted = auth0({ domain: 'example.eu.auth0.com', audience: 'api', idPrefix: 'a|', maxAge: '1h' })
  expect(trusted).toMatchObject({ idPrefix: 'a|', maxAge: '1h', issuer: 'https://example.eu.auth0.com/' })
})
