import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createMigratedDatabase } from '../../../testing/template.ts'
import { expect, onTestFinished, test } from 'vitest'

const program = new URL('garbage-main.fixture.ts', import.meta.url)
const warming = 300
const calls = 500
const maxBytes = 2_000

/**
 * Returns the number of bytes per call that only a full garbage collection frees. The optimizing
 * compilers are off, as in a process that has just started.
 */
async function leftPerCall(method: string, path: string): Promise<number> {
  const database = await createMigratedDatabase()
  onTestFinished(() => database.drop())
  const child = fork(program, {
    execArgv: ['--conditions=holdfast:source', '--no-opt', '--no-maglev', '--no-sparkplug'],
    env: {
      PATH: process.env['PATH'] ?? '',
      PORT: '0',
      NODE_ENV: 'production',
      LOG_LEVEL: 'warn',
      OTEL_METRICS_EXPORTER: 'none',
      DATABASE_URL: database.url,
    },
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [{ url }] = (await once(child, 'message')) as [{ readonly url: string }]
  const statuses = new Set<number>()
  const call = async (times: number): Promise<void> => {
    for (let done = 0; done < times; done += 1) {
      const response = await fetch(url + path, { method })
      await response.arrayBuffer()
      statuses.add(response.status)
    }
  }
  const oldBytes = async (after: string): Promise<number> => {
    const response = await fetch(`${url}/old?after=${after}`)
    return ((await response.json()) as { readonly bytes: number }).bytes
  }
  await call(warming)
  const before = await oldBytes('major')
  await call(calls)
  expect([...statuses]).toEqual([200])
  return ((await oldBytes('minor')) - before) / calls
}

// A function literal assigned to a property is allocated in the old generation, and keeps
// everything that it refers to. The old tables of a grown Map stay in memory in the same way.
test.for([
  ['GET', '/read'],
  ['POST', '/write'],
])('%s %s leaves almost nothing for a full collection', async ([method, path]) => {
  expect(await leftPerCall(method!, path!)).toBeLessThan(maxBytes)
})

test('the measurement detects 4,000 bytes that each call keeps', async () => {
  expect(await leftPerCall('GET', '/leak')).toBeGreaterThan(maxBytes)
})
