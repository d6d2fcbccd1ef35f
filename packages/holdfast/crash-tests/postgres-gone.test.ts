import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { type EmbeddedPostgres, startEmbeddedPostgres } from 'holdfast/embedded'
import { until } from 'holdfast/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createTestFolder } from '../src/testing/test-folder.ts'
import { type ServerProcess, startServer } from './server-process.ts'

/*
 * Goal: a service survives an outage of its database. It reports the outage quickly, stays
 * alive, and is ready again soon after the database is back.
 *
 * Method: a dedicated Postgres either hangs (its processes are stopped) or refuses connections (it
 * has crashed) for 10 s, while the health endpoints are polled. The outage begins just after a
 * successful check. This is the worst case, because the result of the check is cached.
 */

const goneMs = 10_000
const run = promisify(execFile)

let directory: string
let postgres: EmbeddedPostgres
let server: ServerProcess | undefined

beforeEach(async () => {
  directory = await createTestFolder()
  postgres = await startEmbeddedPostgres({ directory, settings: { fsync: 'off' } })
})

afterEach(async () => {
  await server?.stop()
  await postgres.stop()
  await rm(directory, { recursive: true, force: true })
})

/** Makes Postgres unavailable; returns a function that brings it back. */
type Outage = () => Promise<() => Promise<void>>

/**
 * The processes of Postgres are stopped: connections stay open, the operating system accepts new
 * connections, and no statement is answered.
 */
const hangs: Outage = async () => {
  const pids = await processesOf(postgres.serverPid)
  for (const pid of pids) process.kill(pid, 'SIGSTOP')
  return async () => {
    for (const pid of pids) process.kill(pid, 'SIGCONT')
  }
}

/** Postgres has crashed: open connections are reset, and new ones are refused. */
const refuses: Outage = async () => {
  process.kill(postgres.serverPid, 'SIGQUIT')
  return () => postgres.restart()
}

async function processesOf(postmaster: number): Promise<readonly number[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid='])
  const processes = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
  return [postmaster, ...processes.filter(([, parent]) => parent === postmaster).map(([pid]) => pid!)]
}

test.each([
  ['hangs', hangs],
  ['refuses', refuses],
])(
  'Postgres is gone for 10 s (%s): not ready, alive all the time, ready again when it is back',
  async (name, goAway) => {
    server = await startServer(new URL('./life-cycle-main.ts', import.meta.url), {
      NODE_ENV: 'production',
      DRAIN_DELAY: '0s',
      DATABASE_URL: postgres.url,
    })
    const { url, output } = server
    const statusOf = async (path: string): Promise<number> => (await fetch(url + path)).status
    const until503 = async (): Promise<boolean> => (await statusOf('/health/ready')) === 503
    const until200 = async (): Promise<boolean> => (await statusOf('/health/ready')) === 200
    expect(await statusOf('/sleep?seconds=0')).toBe(204)
    // The result of this check is now cached for a while, so this is the worst moment for an
    // outage.
    expect(await until200()).toBe(true)

    const goneAtMs = performance.now()
    let comeBack: (() => Promise<void>) | undefined = await goAway()
    try {
      await until(until503)
      const notReadyMs = performance.now() - goneAtMs
      // The outage's duration is part of the experiment, not a wait for a condition.
      while (performance.now() - goneAtMs < goneMs) {
        expect(await statusOf('/health/live')).toBe(200)
        expect(await statusOf('/health/ready')).toBe(503)
        await sleep(200)
      }
      await comeBack()
      comeBack = undefined
      const backAtMs = performance.now()
      await until(until200)
      const readyMs = performance.now() - backAtMs
      expect(await statusOf('/sleep?seconds=0')).toBe(204)
      expect(output()).toContain('check failed')
      console.info(
        `Postgres ${name}: not ready after ${Math.round(notReadyMs)} ms, ready ${Math.round(readyMs)} ms after its return`,
      )
    } finally {
      await comeBack?.()
    }
    expect(await server.stop()).toBe(0)
  },
)
