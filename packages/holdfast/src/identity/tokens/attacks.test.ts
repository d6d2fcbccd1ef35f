import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { createKey, encodePart, type Members, signText, toJwk } from './issuer.fixture.ts'
import { startTokenService, type TokenOutcome, type TokenService } from './tokens.fixture.ts'

/** A refused token: the client learns only that it is invalid. */
function refused(reason: string): TokenOutcome {
  return { status: 401, detail: 'The access token is invalid.', reason }
}

/** Returns a token with changes to valid headers and claims. */
function forged({ issuer, clock }: TokenService, header: Members, claims: Members = {}): string {
  return issuer.token(issuer.header(header), issuer.claims(clock.now(), claims))
}

test('a valid token is accepted', async () => {
  const tested = await startTokenService()
  expect(await tested.send(tested.issuer.tokenAt(tested.clock.now()))).toEqual({
    status: 200,
    caller: { kind: 'user', id: 'ann', scopes: ['orders:read', 'orders:write'] },
  })
})

test.each(['none', 'None', 'NONE', 'nOnE'])('the algorithm %s is refused', async (alg) => {
  const tested = await startTokenService()
  const { issuer, clock } = tested
  const [header, payload] = [issuer.header({ alg }), issuer.claims(clock.now())].map(encodePart)
  expect(await tested.send(`${header}.${payload}.`)).toEqual(refused('it has no signature'))
  expect(await tested.send(`${header}.${payload}.AAAA`)).toEqual(refused('its algorithm is not accepted'))
})

test('a stripped signature is refused', async () => {
  const tested = await startTokenService()
  const [header, payload] = tested.issuer.tokenAt(tested.clock.now()).split('.')
  expect(await tested.send(`${header}.${payload}.`)).toEqual(refused('it has no signature'))
  expect(await tested.send(`${header}.${payload}`)).toEqual(refused('it has 2 parts instead of three'))
})

test.each(['HS256', 'HS384', 'HS512'])('the public key is no secret of %s', async (alg) => {
  const tested = await startTokenService({ key: createKey('RS256') })
  const { issuer, clock } = tested
  const text = `${encodePart(issuer.header({ alg }))}.${encodePart(issuer.claims(clock.now()))}`
  for (const secret of [
    Buffer.from(issuer.key.publicKey.export({ type: 'spki', format: 'pem' })),
    issuer.key.publicKey.export({ type: 'spki', format: 'der' }),
    Buffer.from(JSON.stringify(issuer.keys[0])),
  ]) {
    const signature = createHmac(`sha${alg.slice(2)}`, secret)
      .update(text)
      .digest('base64url')
    expect(await tested.send(`${text}.${signature}`)).toEqual(refused('its algorithm is not accepted'))
  }
})

test.each([
  ['jku', (url: string) => ({ jku: `${url}/attacker` })],
  ['x5u', (url: string) => ({ x5u: `${url}/attacker` })],
  ['x5c', () => ({ x5c: ['MIIB'] })],
  ['x5t', () => ({ x5t: 'AAAA', 'x5t#S256': 'AAAA' })],
])('the header %s is never followed', async (_, headerFor) => {
  const tested = await startTokenService()
  const { issuer, clock } = tested
  const attacker = createKey('ES256', issuer.key.id)
  const header = issuer.header(headerFor(issuer.url))
  issuer.respond = (request, response) => {
    if (request.url !== '/attacker') return false
    response.end(JSON.stringify({ keys: [toJwk(attacker)] }))
    return true
  }
  const token = issuer.token(header, issuer.claims(clock.now()), attacker)
  expect(await tested.send(token)).toEqual(refused('its signature is invalid'))
  expect(issuer.requests).toEqual(['/.well-known/openid-configuration', '/jwks'])
  expect((await tested.send(issuer.token(header, issuer.claims(clock.now())))).status).toBe(200)
})

test('a token with an embedded key is refused', async () => {
  const tested = await startTokenService()
  const { issuer, clock } = tested
  const attacker = createKey('ES256')
  const embedded = { jwk: toJwk(attacker), kid: attacker.id }
  const token = issuer.token(issuer.header(embedded), issuer.claims(clock.now()), attacker)
  expect(await tested.send(token)).toEqual(refused('its header has the member "jwk"'))
})

test.each([
  ['crit', { crit: ['exp'], exp: 1 }],
  ['b64', { b64: false }],
  ['zip', { zip: 'DEF' }],
  ['enc', { enc: 'A256GCM' }],
])('a token with the extension %s is refused', async (member, header) => {
  const tested = await startTokenService()
  expect(await tested.send(forged(tested, header))).toEqual(refused(`its header has the member "${member}"`))
})

test.each([
  ['a path', '../../../../dev/null'],
  ['SQL', "x' union select 'secret' --"],
  ['a command', 'key; cat /etc/passwd'],
  ['a member of every object', '__proto__'],
  ['a method of every object', 'constructor'],
  ['nothing', ''],
  ['a NUL', '\0'],
  ['another case', 'KEY-1'],
  ['a space', 'key-1 '],
])('a key id with %s selects no key', async (_, kid) => {
  const tested = await startTokenService({ key: createKey('ES256', 'key-1') })
  expect(await tested.send(forged(tested, { kid }))).toEqual(refused('its issuer has no key with this id'))
  expect((await tested.send(forged(tested, {}))).status).toBe(200)
})

test.each([['x'.repeat(513)], [1], [null], [['key-1']], [{}]])('the key id %j is refused', async (kid) => {
  const tested = await startTokenService({ key: createKey('ES256', 'key-1') })
  expect(await tested.send(forged(tested, { kid }))).toEqual(
    refused('its "kid" is not a string of at most 512 characters'),
  )
})

test.each(['JWT', 'id+jwt', 'dpop+jwt', 'logout+jwt', 'at+jwt+json', '', undefined])(
  'the type %j is refused by default',
  async (typ) => {
    const tested = await startTokenService()
    expect(await tested.send(forged(tested, { typ }))).toEqual(refused('its type is not accepted'))
  },
)

test.each(['AT+JWT', 'application/at+jwt', 'Application/At+Jwt'])('the type %s is at+jwt', async (typ) => {
  const tested = await startTokenService()
  expect((await tested.send(forged(tested, { typ }))).status).toBe(200)
})

test.each([
  'https://other.example.com',
  'https://API.example.com',
  'https://api.example.com/',
  '',
  undefined,
  null,
  7,
  [],
  ['https://other.example.com'],
  ['https://api.example.com', 7],
  { 'https://api.example.com': true },
])('the audience %j is refused', async (aud) => {
  const tested = await startTokenService()
  expect(await tested.send(forged(tested, {}, { aud }))).toEqual(refused('it is for another audience'))
})

test.each([['https://api.example.com', 'https://other.example.com'], 'https://api.example.com'])(
  'the audience %j is accepted',
  async (aud) => {
    const tested = await startTokenService()
    expect((await tested.send(forged(tested, {}, { aud }))).status).toBe(200)
  },
)

test.each<(url: string) => unknown>([
  () => 'https://attacker.example.com',
  (url) => `${url}/`,
  (url) => [url],
  () => undefined,
  () => '__proto__',
])('the issuer of case %# is refused, and nothing is fetched', async (issFor) => {
  const tested = await startTokenService()
  const token = forged(tested, {}, { iss: issFor(tested.issuer.url) })
  expect(await tested.send(token)).toEqual(refused('its issuer is not trusted'))
  expect(tested.issuer.requests).toEqual([])
})

test('a token of one issuer is not accepted with the key of another', async () => {
  const tested = await startTokenService()
  const token = tested.issuer.token(
    tested.issuer.header(),
    tested.issuer.claims(tested.clock.now()),
    createKey('ES256', tested.issuer.key.id),
  )
  expect(await tested.send(token)).toEqual(refused('its signature is invalid'))
})

test('an expired token is refused, also one that was accepted before', async () => {
  const tested = await startTokenService()
  const token = tested.issuer.tokenAt(tested.clock.now())
  tested.clock.advance(329_000)
  expect((await tested.send(token)).status).toBe(200)
  tested.clock.advance(1_000)
  const expired = { status: 401, detail: 'The access token has expired.', reason: 'it has expired' }
  expect(await tested.send(token)).toEqual(expired)
  expect(await tested.send(tested.issuer.tokenAt(tested.clock.now() - 330_000))).toEqual(expired)
})

test.each(['exp', 'iat'])('a token without a valid "%s" is refused', async (name) => {
  const tested = await startTokenService()
  const reason = refused(`its "${name}" is missing, or is not a number of seconds`)
  for (const value of [undefined, null, '9999999999', -1, 1e15, true, []])
    expect(await tested.send(forged(tested, {}, { [name]: value }))).toEqual(reason)
})

test('a token from the future is refused', async () => {
  const tested = await startTokenService()
  const soon = (seconds: number) => Math.floor(tested.clock.now() / 1_000) + seconds
  const future = refused('it was issued in the future')
  expect(await tested.send(forged(tested, {}, { iat: soon(32) }))).toEqual(future)
  expect(await tested.send(forged(tested, {}, { nbf: soon(32) }))).toEqual(refused('it is not valid yet'))
  expect((await tested.send(forged(tested, {}, { iat: soon(29), nbf: soon(29) }))).status).toBe(200)
})

test('a token that was issued too long ago is refused, whatever its expiry', async () => {
  const tested = await startTokenService({ issuer: { maxAge: '1h' } })
  const ago = (seconds: number) => Math.floor(tested.clock.now() / 1_000) - seconds
  const exp = ago(-100_000)
  expect((await tested.send(forged(tested, {}, { iat: ago(3_600), exp }))).status).toBe(200)
  expect(await tested.send(forged(tested, {}, { iat: ago(3_632), exp }))).toEqual({
    status: 401,
    detail: 'The access token has expired.',
    reason: 'it was issued too long ago',
  })
})

test('a huge token is refused before it is parsed', async () => {
  const tested = await startTokenService({ tokens: { maxTokenBytes: 1_024 } })
  const huge = forged(tested, {}, { filler: 'x'.repeat(1_024) })
  expect(await tested.send(huge)).toEqual(refused('it is too long'))
  expect(await tested.send(`eyJ.${'.'.repeat(2_000)}`)).toEqual(refused('it is too long'))
})

test.each([
  ['a claim', '"sub":"ann"', '"sub":"ann","sub":"root"'],
  ['a claim, with an escape', '"sub":"ann"', '"sub":"ann","s\\u0075b":"root"'],
  ['a nested claim', '"sub":"ann"', '"sub":"ann","cnf":{"jkt":"a","jkt":"b"}'],
  ['a member of every object', '"sub":"ann"', '"sub":"ann","__proto__":{"admin":true}'],
])('a token with a duplicate of %s is refused', async (_, from, to) => {
  const tested = await startTokenService()
  const { issuer, clock } = tested
  const payload = JSON.stringify(issuer.claims(clock.now())).replace(from, to)
  expect(payload).toContain(to)
  expect(await tested.send(issuer.token(issuer.header(), payload))).toEqual(
    refused('its payload is not valid JSON, or has a duplicate name'),
  )
})

test('a token with a duplicate header member is refused', async () => {
  const tested = await startTokenService()
  const { issuer, clock } = tested
  const header = JSON.stringify(issuer.header()).replace('"alg":', '"alg":"none","alg":')
  expect(await tested.send(issuer.token(header, issuer.claims(clock.now())))).toEqual(
    refused('its header is not valid JSON, or has a duplicate name'),
  )
})

test.each(['ES384', 'ES512'])('a key of a wrong curve is refused: %s with P-256', async (alg) => {
  const tested = await startTokenService({ issuer: { algorithms: ['ES256', 'ES384', 'ES512'] } })
  expect(await tested.send(forged(tested, { alg }))).toEqual(refused(`its key is not a key for ${alg}`))
})

test.each([
  ['r and s are 0', () => Buffer.alloc(64)],
  ['r is 0', (signature: Buffer) => Buffer.concat([Buffer.alloc(32), signature.subarray(32)])],
  ['s is 0', (signature: Buffer) => Buffer.concat([signature.subarray(0, 32), Buffer.alloc(32)])],
  ['r is the order', (signature: Buffer) => Buffer.concat([orderP256, signature.subarray(32)])],
  ['r and s are the order', () => Buffer.concat([orderP256, orderP256])],
  ['it is truncated', (signature: Buffer) => signature.subarray(0, 63)],
  ['it is half', (signature: Buffer) => signature.subarray(0, 32)],
  ['it is too long', (signature: Buffer) => Buffer.concat([signature, Buffer.alloc(1)])],
  ['it has leading zeros', (signature: Buffer) => Buffer.concat([Buffer.alloc(2), signature])],
  ['it is DER', (signature: Buffer) => toDer(signature)],
  [
    'one bit differs',
    (signature: Buffer) => Buffer.from(signature.map((byte, at) => byte ^ (at === 9 ? 1 : 0))),
  ],
  [
    'r and s are exchanged',
    (signature: Buffer) => Buffer.concat([signature.subarray(32), signature.subarray(0, 32)]),
  ],
])('an ES256 signature is refused if %s', async (_, change) => {
  const tested = await startTokenService()
  const [header, payload, signature = ''] = tested.issuer.tokenAt(tested.clock.now()).split('.')
  const changed = change(Buffer.from(signature, 'base64url')).toString('base64url')
  expect(await tested.send(`${header}.${payload}.${changed}`)).toEqual(refused('its signature is invalid'))
})

const orderP256 = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')

function toDer(signature: Buffer): Buffer {
  const integers = [signature.subarray(0, 32), signature.subarray(32)].map((part) =>
    Buffer.concat([Buffer.from([2, 33, 0]), part]),
  )
  return Buffer.concat([Buffer.from([0x30, 70]), ...integers])
}

test.each([
  ['padding', (part: string) => `${part}==`],
  ['junk at the end', (part: string) => `${part}!`],
  ['a space at the end', (part: string) => `${part} x`],
  ['a line break', (part: string) => `${part.slice(0, 4)}\n${part.slice(4)}`],
  ['characters of base64', (part: string) => `+/${part.slice(2)}`],
  [
    'a single character at the end',
    (part: string) => part.slice(0, part.length - (part.length % 4) + 1) + 'AAAA',
  ],
  ['unused bits', withUnusedBits],
])('a signature with %s is refused', async (_, change) => {
  const tested = await startTokenService()
  const [header, payload, signature = ''] = tested.issuer.tokenAt(tested.clock.now()).split('.')
  expect(await tested.send(`${header}.${payload}.${change(signature)}`)).toEqual(
    refused('its signature is not canonical base64url'),
  )
})

/** 64 bytes are encoded as 86 characters, the last of which has four unused bits. */
function withUnusedBits(part: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  return part.slice(0, -1) + alphabet[alphabet.indexOf(part.at(-1)!) + 1]
}

test.each(['header', 'payload'])('a %s with padding is refused', async (name) => {
  const tested = await startTokenService()
  const parts = tested.issuer.tokenAt(tested.clock.now()).split('.')
  parts[name === 'header' ? 0 : 1] += '='
  const outcome = await tested.send(parts.join('.'))
  // A padded header does not look like a token, so no identifier accepts it either.
  expect(outcome.status).toBe(401)
})

test('a nested token is refused', async () => {
  const tested = await startTokenService()
  const { issuer, clock } = tested
  const inner = issuer.tokenAt(clock.now())
  expect(await tested.send(issuer.token(issuer.header({ cty: 'JWT' }), inner))).toEqual(
    refused('it contains another token'),
  )
  expect(await tested.send(issuer.token(issuer.header(), inner))).toEqual(
    refused('its payload is not valid JSON, or has a duplicate name'),
  )
  expect(await tested.send(issuer.token(issuer.header(), JSON.stringify(inner)))).toEqual(
    refused('its payload is not an object'),
  )
  expect(await tested.send(forged(tested, { cty: 'application/jwt' }))).toEqual(
    refused('it contains another token'),
  )
})

test('an encrypted token is refused', async () => {
  const tested = await startTokenService()
  const jwe = [encodePart({ alg: 'dir', enc: 'A256GCM' }), '', 'AAAA', 'AAAA', 'AAAA'].join('.')
  expect(await tested.send(jwe)).toEqual(refused('it has 5 parts instead of three'))
})

test('claims that were changed after signing are refused', async () => {
  const tested = await startTokenService()
  const { issuer, clock } = tested
  const [header, , signature] = issuer.tokenAt(clock.now()).split('.')
  const payload = encodePart(issuer.claims(clock.now(), { sub: 'root' }))
  expect(await tested.send(`${header}.${payload}.${signature}`)).toEqual(refused('its signature is invalid'))
})

test.each([undefined, '', 7, null, ['ann'], 'a\0b', '\ud800'])('the subject %j is refused', async (sub) => {
  const tested = await startTokenService()
  expect(await tested.send(forged(tested, {}, { sub }))).toEqual(refused('its claims belong to no caller'))
})

test('a token signed by each algorithm is accepted only with its own name', async () => {
  const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'] as const
  const key = createKey('RS256')
  const tested = await startTokenService({ key, issuer: { algorithms } })
  const { issuer, clock } = tested
  issuer.keys = [toJwk(key, { alg: undefined })]
  for (const alg of algorithms)
    for (const signed of algorithms) {
      const text = `${encodePart(issuer.header({ alg }))}.${encodePart(issuer.claims(clock.now()))}`
      const token = `${text}.${signText(text, signed, key.privateKey).toString('base64url')}`
      expect([alg, signed, (await tested.send(token)).status]).toEqual([
        alg,
        signed,
        alg === signed ? 200 : 401,
      ])
    }
})
