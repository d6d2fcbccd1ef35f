import { createLogger, systemClock } from 'holdfast'
import { until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import type { Pool } from '../postgres/pool/pool.ts'
import { Replicas } from './replicas.ts'

test('replicas that cannot be compared with the primary are logged once, with the reason', async () => {
  const lines: Readonly<Record<string, unknown>>[] = []
  let asked = 0
  const primary: Pool = {
    acquire() {
      asked += 1
      return Promise.reject(new Error('permission denied for function pg_control_system'))
    },
    end: async () => {},
  }
  const replicas = new Replicas({
    currentUrl: (url) => url,
    urls: ['postgres://app@replica.example/app', 'postgres://app@/app?host=/run/replica'],
    primary,
    hasTenants: false,
    openPool: () => primary,
    clock: systemClock,
    log: createLogger({ level: 'debug', write: (line) => lines.push(JSON.parse(line)) }),
    maxLagMs: 5_000,
  })
  await until(() => asked >= 3)
  await replicas.close()
  expect(lines).toEqual(
    ['replica.example:5432/app', '/run/replica:5432/app'].map((replica) =>
      expect.objectContaining({
        level: 'warn',
        msg: "replica excluded from reads: could not read the primary's WAL position",
        replica,
        error: expect.objectContaining({ message: 'permission denied for function pg_control_system' }),
      }),
    ),
  )
})
