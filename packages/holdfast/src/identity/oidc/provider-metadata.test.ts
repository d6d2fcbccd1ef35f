import { createFakeClock, until } from 'holdfast/testing'
import { expect, onTestFinished, test } from 'vitest'
import { createLogger } from '../../kernel/base/log.ts'
import { LyingProvider } from './lying-provider.fixture.ts'
import { ProviderMetadata } from './provider-metadata.ts'

const discovery = '/.well-known/openid-configuration'
const hour = 3_600_000
const log = createLogger({ level: 'error', write: () => {} })

async function start() {
  const provider = await LyingProvider.start()
  onTestFinished(() => provider.stop())
  const clock = createFakeClock()
  const metadata = new ProviderMetadata({ name: 'liar', issuer: provider.issuer })
  const get = () => metadata.get({ clock, log })
  const loads = () => provider.requests.filter((path) => path === discovery).length
  return { provider, clock, get, loads }
}

test('the metadata is loaded once for calls at the same time, and again after an hour', async () => {
  const { clock, get, loads } = await start()
  const [first, second] = await Promise.all([get(), get()])
  expect(second).toBe(first)
  clock.advance(hour - 1)
  expect(await get()).toBe(first)
  expect(loads()).toBe(1)
  clock.advance(1)
  // The call does not wait for the load.
  expect(await get()).toBe(first)
  await until(async () => (await get()) !== first)
  expect(loads()).toBe(2)
})

test('while the provider is down, the metadata is used for a day, and loads wait for each other', async () => {
  const { provider, clock, get, loads } = await start()
  const first = await get()
  provider.replies.set(discovery, 'cut')
  clock.advance(24 * hour - 1)
  expect(await get()).toBe(first)
  expect(await get()).toBe(first)
  await until(() => loads() === 2)
  clock.advance(1)
  await expect(get()).rejects.toMatchObject({ code: 'unavailable' })
  provider.reset()
  clock.advance(10_000)
  expect(await get()).toEqual(first)
})

test('a provider that was never reached is unavailable, and is asked again after 10 seconds', async () => {
  const { provider, clock, get, loads } = await start()
  provider.replies.set(discovery, { status: 500, body: '' })
  await expect(get()).rejects.toMatchObject({ code: 'unavailable', status: 503 })
  await expect(get()).rejects.toMatchObject({ code: 'unavailable' })
  expect(loads()).toBe(1)
  provider.reset()
  clock.advance(10_000)
  expect(await get()).toMatchObject({ issuer: provider.issuer })
})

test.each([
  ['another issuer', { issuer: 'https://accounts.example.com' }],
  ['no issuer', { issuer: undefined }],
  ['a token endpoint without https', { token_endpoint: 'http://attacker.example/token' }],
  ['a token endpoint with credentials', { token_endpoint: 'https://a:b@attacker.example/token' }],
  ['no keys', { jwks_uri: undefined }],
  ['an invalid userinfo endpoint', { userinfo_endpoint: 7 }],
  ['invalid algorithms', { id_token_signing_alg_values_supported: 'none' }],
])('metadata with %s is refused', async (_, change) => {
  const { provider, get } = await start()
  provider.metadata = change
  await expect(get()).rejects.toMatchObject({ code: 'unavailable' })
})
