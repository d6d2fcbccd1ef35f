import { createLogger, type Database, holdfast, HoldfastError } from 'holdfast'
import { expect, test } from 'vitest'
import { noDatabase } from '../../kernel/service/start-service.fixture.ts'
import { noTelemetry } from '../../kernel/telemetry/telemetry.ts'
import { createHealth } from '../../transports/health/create-health.ts'
import { createServe } from './serve.ts'
import type { ServeParts } from './serve-parts.ts'

const failure = new HoldfastError('service-broken', 'It is broken.')

interface Broken {
  readonly open?: () => Promise<never>
  readonly close?: () => Promise<never>
  readonly documentation?: ServeParts['documentation']
}

test.each<readonly [string, Broken, readonly string[]]>([
  ['its service does not start', { open: () => Promise.reject(failure) }, ['telemetry']],
  [
    'its pages cannot be built',
    {
      documentation() {
        throw failure
      },
    },
    ['service', 'telemetry'],
  ],
  [
    'its pages cannot be built and its database cannot be closed',
    {
      close: () => Promise.reject(new Error('It does not close.')),
      documentation() {
        throw failure
      },
    },
    ['telemetry'],
  ],
])('a server that does not start because %s closes what it has started', async (_, broken, expected) => {
  const ended: string[] = []
  const database: Database<undefined, undefined> = {
    ...noDatabase,
    open:
      broken.open ??
      (async (host) => ({ ...(await noDatabase.open(host)), close: broken.close ?? end('service') })),
  }
  const serve = createServe({
    answersCalls: true,
    documentation: broken.documentation ?? (() => []),
    createHealth,
    settings: [],
    watch: async () => ({ ...noTelemetry, stop: end('telemetry') }),
  })
  let url: unknown
  const write = (line: string): void => void (url ??= (JSON.parse(line) as { readonly url?: unknown }).url)
  const { service } = holdfast({ database })
  await expect(
    serve(service({ name: 'broken', operations: {} }), {
      port: 0,
      signals: false,
      env: { NODE_ENV: 'test' },
      log: createLogger({ write }),
    }),
  ).rejects.toBe(failure)
  expect(ended).toEqual(expected)
  await expect(fetch(`${String(url)}/health/live`)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })

  function end(part: string): () => Promise<void> {
    return async () => void ended.push(part)
  }
})
