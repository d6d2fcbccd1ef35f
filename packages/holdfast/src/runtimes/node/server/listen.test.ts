import { once } from 'node:events'
import { createServer, type Server as NetServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { type Database, holdfast, HoldfastError } from 'holdfast'
import { serve } from 'holdfast/node'
import { describe, expect, onTestFinished, test } from 'vitest'
import { noDatabase, shop } from '../../../transports/http/shop.fixture.ts'
import { serveForTest } from '../serve.fixture.ts'

/**
 * Takes a port of the loopback address until the test ends; 0 takes any free port. Returns
 * `undefined` if the port is in use.
 */
async function takePort(port: number): Promise<number | undefined> {
  const server: NetServer = createServer()
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch {
    return undefined
  }
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

const env = (variables: Record<string, string>) => ({ env: { NODE_ENV: 'test', ...variables } })

/** Returns the error of a failed start. */
async function failureOf(start: Promise<unknown>): Promise<HoldfastError> {
  try {
    await start
  } catch (error) {
    if (error instanceof HoldfastError) return error
    throw error
  }
  throw new Error('It started.')
}

describe('the port', () => {
  test('the port comes from the option, otherwise from PORT', async () => {
    const { port: free } = await serveForTest(shop)
    expect(free).toBeGreaterThan(0)
    const { PORT, other } = await freePorts()
    const byVariable = await serve(shop, { signals: false, ...quiet, ...env({ PORT: String(PORT) }) })
    onTestFinished(() => byVariable.stop())
    expect(byVariable.port).toBe(PORT)
    const byOption = await serveForTest(shop, { port: other, ...env({ PORT: String(PORT) }) })
    expect(byOption.port).toBe(other)
  })

  test('if no port is configured, the next free port from 3000 is used, and logged', async () => {
    // If another process already uses port 3000, that is fine too.
    await takePort(3_000)
    await takePort(3_001)
    const told: string[] = []
    const server = await serve(shop, {
      signals: false,
      ...quiet,
      ...env({}),
      notify: (message) => told.push(message),
    })
    onTestFinished(() => server.stop())
    expect(server.port).toBeGreaterThan(3_001)
    expect(server.port).toBeLessThanOrEqual(3_020)
    expect(told).toEqual([`port 3000 is in use; listening on ${server.port}`])
  })

  test('no port is found if the next 20 are in use too', async () => {
    for (let port = 3_000; port <= 3_020; port += 1) await takePort(port)
    const failure = await failureOf(serve(shop, { signals: false, ...quiet, ...env({}) }))
    expect(failure.code).toBe('port-in-use')
    expect(failure.message).toContain('The ports 3000 to 3020 on 127.0.0.1 are all in use.')
  })

  test('a configured port that is in use is rejected, with a command that finds its process', async () => {
    const port = (await takePort(0))!
    const failure = await failureOf(serveForTest(shop, { port }))
    expect(failure.code).toBe('port-in-use')
    expect(failure.message).toContain(`Port ${port} on 127.0.0.1 is in use`)
    expect(failure.message).toContain(`lsof -i :${port}`)
  })

  test.each(['http', '-1', '65536', '3000.5', '0x10', ' 3000', '99999'])(
    'the port cannot be %j',
    async (PORT) => {
      const failure = await failureOf(serve(shop, { signals: false, ...quiet, ...env({ PORT }) }))
      expect(failure.code).toBe('configuration-invalid')
      expect(failure.message).toContain(`PORT is ${JSON.stringify(PORT)}`)
      expect(failure.message).toContain('an integer from 0 to 65535')
    },
  )

  test.each([-1, 65_536, 1.5, Number.NaN])('the port cannot be %s as an option', async (port) => {
    const failure = await failureOf(serveForTest(shop, { port }))
    expect(failure.code).toBe('configuration-invalid')
    expect(failure.message).toContain(`The option port is ${port}`)
  })
})

describe('the host', () => {
  test.each([
    ['the loopback address in development', {}, 'http://127.0.0.1:'],
    ['the address in HOST', { HOST: '127.0.0.2' }, 'http://127.0.0.2:'],
    ['every address in production', { NODE_ENV: 'production' }, 'http://127.0.0.1:'],
  ])('the host is %s', async (_, variables, url) => {
    const server = await serveForTest(shop, env(variables))
    expect(server.url).toBe(`${url}${server.port}`)
    expect((await fetch(`${server.url}/orders/1`)).status).toBe(200)
    const isElsewhere = fetch(`http://127.0.0.3:${server.port}/orders/1`).then(
      () => true,
      () => false,
    )
    expect(await isElsewhere).toBe('NODE_ENV' in variables)
  })

  test('an empty host is rejected, rather than used for every address', async () => {
    const failure = await failureOf(serveForTest(shop, env({ HOST: ' ' })))
    expect(failure.code).toBe('configuration-invalid')
    expect(failure.message).toContain('HOST')
  })

  test('a host that is not an address of this machine is rejected', async () => {
    for (const host of ['192.0.2.1', 'no-such-host.invalid']) {
      const failure = await failureOf(serveForTest(shop, { host }))
      expect(failure.code).toBe('host-unavailable')
      expect(failure.message).toContain(host)
    }
  })
})

test('the log level must be valid', async () => {
  const failure = await failureOf(serve(shop, { port: 0, signals: false, env: { LOG_LEVEL: 'verbose' } }))
  expect(failure.code).toBe('configuration-invalid')
  expect(failure.message).toContain('LOG_LEVEL is "verbose". It must be one of debug, info, warn, error.')
})

test('a service is closed again if its server cannot listen', async () => {
  let isOpen = false
  const database: Database<undefined, undefined> = {
    ...noDatabase,
    async open(host) {
      isOpen = true
      const close = async (): Promise<void> => {
        isOpen = false
      }
      return { ...(await noDatabase.open(host)), close }
    },
  }
  const port = (await takePort(0))!
  const { service } = holdfast({ database })
  await failureOf(serveForTest(service({ name: 'closing', operations: {} }), { port }))
  expect(isOpen).toBe(false)
})

const quiet = {
  log: { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet.log },
  notify: () => {},
} as const

async function freePorts(): Promise<{ readonly PORT: number; readonly other: number }> {
  const servers = await Promise.all(
    [0, 1].map(async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    }),
  )
  const [PORT, other] = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return { PORT: PORT!, other: other! }
}
