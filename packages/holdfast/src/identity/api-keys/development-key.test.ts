import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createLogger, holdfast, type Mode, recentlySignedIn, systemClock } from 'holdfast'
import { createHandler } from 'holdfast/http'
import { apiKeys, developmentKey, readDevelopmentKey } from 'holdfast/identity'
import { toOpenApi } from 'holdfast/openapi'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'

const key = 'hf_dev_0123456789abcdefghijkl'
const app = holdfast({ identify: developmentKey({ kind: 'user', id: 'developer', tenant: 'own' }) })
const service = app.service({
  name: 'shop',
  operations: {
    whoAmI: app.query({
      route: 'GET /me',
      access: recentlySignedIn('1m'),
      output: z.object({ id: z.string(), tenant: z.string() }),
      run: ({ caller }) => ({ id: caller.id, tenant: caller.tenant ?? '' }),
    }),
  },
})

async function startService(env: Readonly<Record<string, string>>, mode: Mode) {
  const running = await service.start({
    env,
    mode,
    clock: systemClock,
    log: createLogger({ level: 'error', write: () => {} }),
    notify: () => {},
  })
  onTestFinished(() => running.stop())
  return running
}

/** Starts the service, and returns a function that sends it a token. */
async function start(env: Readonly<Record<string, string>>, mode: Mode) {
  const { fetch } = createHandler(await startService(env, mode))
  return (token: string) =>
    fetch(new Request('http://shop.test/me', { headers: { authorization: `Bearer ${token}` } }))
}

test('the key of HOLDFAST_DEV_KEY identifies the given caller, who has signed in a moment ago', async () => {
  const ask = await start({ HOLDFAST_DEV_KEY: key }, 'test')
  expect(await (await ask(key)).json()).toEqual({ id: 'developer', tenant: 'own' })
})

test('a different key, and other tokens, are refused', async () => {
  const ask = await start({ HOLDFAST_DEV_KEY: key }, 'development')
  for (const wrong of [`${key}x`, key.slice(0, -1), 'hf_dev_', 'hf_live_x', 'x']) {
    const answer = await ask(wrong)
    expect(answer.status).toBe(401)
    expect(await answer.text()).not.toContain(key)
  }
})

test('in production, the key is refused, and a service for which it is set does not start', async () => {
  const ask = await start({}, 'production')
  expect((await ask(key)).status).toBe(401)
  await expect(start({ HOLDFAST_DEV_KEY: key }, 'production')).rejects.toMatchObject({
    code: 'configuration-invalid',
  })
  expect(readDevelopmentKey({ NODE_ENV: 'production' })).toBeUndefined()
})

test.each(['', 'guess', 'hf_dev_short', `${key}-`, key.replace('dev', 'live')])(
  'the invalid key "%s" is refused at the start',
  async (invalid) => {
    const failure: unknown = await start({ HOLDFAST_DEV_KEY: invalid }, 'test').catch(
      (error: unknown) => error,
    )
    expect(failure).toMatchObject({ code: 'configuration-invalid' })
    expect(String(failure)).not.toContain(invalid || 'shop.test')
  },
)

test('without the variable, tests have no key, and development keeps one in a file that only its owner reads', async () => {
  expect(readDevelopmentKey({ NODE_ENV: 'test' })).toBeUndefined()
  expect((await (await start({}, 'test'))(key)).status).toBe(401)
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-development-key-'))
  const before = process.cwd()
  process.chdir(folder)
  onTestFinished(async () => {
    process.chdir(before)
    await rm(folder, { recursive: true })
  })
  const created = readDevelopmentKey({})!
  expect(created).toMatch(/^hf_dev_[0-9A-Za-z]{36}$/)
  expect(readDevelopmentKey({})).toBe(created)
  expect((await stat('.holdfast/development-key')).mode & 0o777).toBe(0o600)
  expect((await (await start({}, 'development'))(created)).status).toBe(200)
})

test('API keys leave the development key to its identifier', () => {
  const identified = apiKeys().identify({
    header: (name: string) => (name === 'authorization' ? `Bearer ${key}` : undefined),
  } as never)
  expect(identified).toBeUndefined()
})

test('only the API description of production does not mention the key', async () => {
  const schemesIn = async (mode: Mode): Promise<readonly string[]> =>
    Object.keys(toOpenApi(await startService({}, mode)).components.securitySchemes)
  expect(await schemesIn('test')).toEqual(['developmentKey'])
  expect(await schemesIn('production')).toEqual([])
})
