import { access, holdfast } from 'holdfast'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { serveForTest } from '../serve.fixture.ts'
import { TrustedProxies } from './trusted-proxies.ts'

const proxies = new TrustedProxies(['10.0.0.0/8', '192.0.2.1', 'fd00::/8'])

test.each<readonly [string, readonly [string | undefined, string | undefined], string | undefined]>([
  ['a connection without a proxy', ['203.0.113.7', undefined], '203.0.113.7'],
  ['a header from anyone else', ['203.0.113.7', '6.6.6.6'], '203.0.113.7'],
  ['a header from a proxy', ['10.0.0.1', '203.0.113.7'], '203.0.113.7'],
  ['a forged entry before the entry of the proxy', ['10.0.0.1', '6.6.6.6, 203.0.113.7'], '203.0.113.7'],
  ['a chain of proxies', ['10.0.0.1', '6.6.6.6, 203.0.113.7, 192.0.2.1, 10.9.9.9'], '203.0.113.7'],
  ['a proxy as the client', ['10.0.0.1', '10.0.0.2'], '10.0.0.2'],
  ['a proxy without an entry', ['10.0.0.1', undefined], '10.0.0.1'],
  ['a connection over IPv6', ['::ffff:10.0.0.1', '::ffff:203.0.113.7'], '203.0.113.7'],
  ['an IPv6 proxy', ['fd00::1', '2001:db8::7'], '2001:db8::7'],
  ['entries with ports', ['10.0.0.1', '[2001:db8::7]:443, 192.0.2.1:80'], '2001:db8::7'],
  ['a mapped address in hexadecimal', ['10.0.0.1', '::FFFF:cb00:7107'], '203.0.113.7'],
  ['an address in another form', ['10.0.0.1', '2001:DB8:0:0:0:0:0:7'], '2001:db8::7'],
  ['an address with a zone', ['fe80::1%eth0', undefined], 'fe80::1%eth0'],
  ['an entry that is not an address', ['10.0.0.1', '203.0.113.7, unknown'], undefined],
  ['an empty entry', ['10.0.0.1', '203.0.113.7, '], undefined],
  ['a lost connection', [undefined, '203.0.113.7'], undefined],
])('the address of a client is found in %s', (_, [connected, forwardedFor], client) => {
  expect(proxies.clientOf(connected, forwardedFor)).toBe(client)
})

test.each([
  '10.0.0.0/33',
  '10.0.0',
  'proxy.internal',
  '10.0.0.0/8/8',
  '::/129',
  '10.0.0.0/',
  '0.0.0.0/0',
  '::/0',
])('%s is not accepted as a trusted proxy', (range) => {
  expect(() => new TrustedProxies([range])).toThrow(range)
})

test('an access rule gets the address that a trusted proxy reports', async () => {
  const { query, service } = holdfast()
  const curious = access('curious()', ({ caller, peer }) => ({ ...caller, id: String(peer.address) }))
  const where = query({
    route: 'GET /where',
    access: curious,
    output: z.object({ address: z.string() }),
    run: ({ caller }) => ({ address: caller.id }),
  })
  const one = service({ name: 'where', operations: { where } })
  const headers = { 'x-forwarded-for': '203.0.113.7' }
  const direct = await serveForTest(one, { host: '127.0.0.1' })
  expect(await (await fetch(`${direct.url}/where`, { headers })).json()).toEqual({ address: '127.0.0.1' })
  const behind = await serveForTest(one, {
    host: '127.0.0.1',
    env: { NODE_ENV: 'test', TRUSTED_PROXIES: '10.0.0.0/8, 127.0.0.1' },
  })
  expect(await (await fetch(`${behind.url}/where`, { headers })).json()).toEqual({ address: '203.0.113.7' })
})
