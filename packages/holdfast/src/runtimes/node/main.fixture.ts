import { holdfast, HoldfastError } from 'holdfast'
import { serve } from 'holdfast/node'
import { noDatabase } from '../../transports/http/shop.fixture.ts'
import { noTelemetry } from '../../kernel/telemetry/telemetry.ts'
import { createHealth } from '../../transports/health/create-health.ts'
import { longService } from './long-service.fixture.ts'
import { createServe } from './serve.ts'

// A main file, for tests that end its process.
process.on('message', (message) => {
  if (message === 'throw') throw new TypeError('not caught')
  if (message === 'reject') void Promise.reject(new TypeError('not handled'))
  if (message === 'throw-unreadable') throw new Proxy(new TypeError(), { get: throwAgain })
})

function throwAgain(): never {
  throw new TypeError('not even its message can be read')
}

/** A service whose start waits until it is released. */
const slowService = holdfast({
  database: {
    ...noDatabase,
    async open(host) {
      await new Promise<void>((resolve) => {
        process.on('message', (message) => message === 'start' && resolve())
      })
      return noDatabase.open(host)
    },
  },
}).service({ name: 'slow', operations: {} })

/** Serves a service that starts, then fails to serve, and then cannot be closed. */
function serveUnclosable(): Promise<unknown> {
  const { service } = holdfast({
    database: {
      ...noDatabase,
      open: async (host) => ({
        ...(await noDatabase.open(host)),
        close: () => Promise.reject(new HoldfastError('close-broken', 'It does not close.')),
      }),
    },
  })
  const serveBroken = createServe({
    answersCalls: true,
    documentation() {
      throw new HoldfastError('pages-broken', 'It has no pages.')
    },
    createHealth,
    settings: [],
    watch: async () => ({ ...noTelemetry, stop: async () => {} }),
  })
  return serveBroken(service({ name: 'unclosable', operations: {} }))
}

if (process.env['UNCLOSABLE']) await serveUnclosable()

const graceMs = Number(process.env['GRACE_MS'] ?? 10_000)
const { url } = await serve(process.env['SLOW_START'] ? slowService : longService, { grace: `${graceMs}ms` })
process.send?.({ url })

if (process.env['KEEP_ALIVE']) setInterval(() => {}, 1_000)
process.channel?.unref()
