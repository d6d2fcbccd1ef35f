import { createLogger, holdfast, type RunningService, systemClock } from 'holdfast'
import { postgres, sql } from 'holdfast/postgres'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'

test('on the embedded server, a service with tenants does not run as the superuser', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'holdfast-embedded-tenants-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  const app = holdfast({
    database: postgres({
      directory,
      migrations: new URL('./tenants.fixture/', import.meta.url),
      tenants: { column: 'tenant' },
    }),
    identify: () => ({ kind: 'service', id: 'test', tenant: 'acme' }),
  })
  const operations = {
    read: app.query({
      route: 'GET /read',
      access: app.access('all()', ({ caller }) => caller),
      output: z.object({ role: z.string(), ids: z.array(z.string()).max(10) }),
      async run({ db }) {
        const rows = await db.query<{ role: string; id: string }>(
          sql`select current_user::text as role, id from orders order by id limit 10`,
        )
        return { role: rows[0]!.role, ids: rows.map(({ id }) => id) }
      },
    }),
  }
  const service = app.service({ name: 'shop', operations })
  const start = (): Promise<RunningService<typeof operations>> =>
    service.start({
      env: {},
      mode: 'development',
      clock: systemClock,
      log: createLogger({ level: 'error', write: () => {} }),
      notify: () => {},
    })
  const first = await start()
  // A second process on the same server uses the same role.
  const second = await start()
  try {
    for (const running of [first, second]) {
      const answer = await running.call({
        operation: 'read',
        input: { path: {}, query: {}, body: undefined },
        header: () => undefined,
      })
      expect(JSON.parse(answer.body as string)).toEqual({ role: 'holdfast_application', ids: ['a1', 'a2'] })
    }
  } finally {
    await second.stop()
    await first.stop()
  }
})
