import { anyone, holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createFakeClock, createTestService, type TestService, until } from 'holdfast/testing'
import { expect, onTestFinished, test } from 'vitest'
import type { UseRecord } from '../../kernel/host/use-record.ts'

const use: UseRecord = {
  statement: (ids) => ({
    text: 'update sessions set uses = uses + 1 where id = any($1::text[])',
    values: [ids],
  }),
}
const failing: UseRecord = { statement: () => ({ text: 'update missing set uses = 1', values: [] }) }

const app = holdfast({
  database: postgres(),
  identify({ header, recordUse }) {
    const id = header('x-session')
    if (id === undefined) return undefined
    recordUse(id === 'failing' ? failing : use, id)
    return { kind: 'user', id }
  },
})
const ping = app.query({ route: 'GET /ping', access: anyone('a test'), run: () => {} })
const service = app.service({ name: 'uses', operations: { ping } })

interface Started {
  readonly tested: TestService<typeof service.operations>
  readonly lines: readonly string[]
  readonly useSession: (id: string) => Promise<number>
  readonly usesOf: () => Promise<readonly unknown[]>
}

async function start(clock = createFakeClock()): Promise<Started> {
  const lines: string[] = []
  const tested = await createTestService(service, { clock, onLog: (line) => void lines.push(line) })
  onTestFinished(() => tested.stop())
  await tested.sql('create table sessions (id text primary key, uses int not null default 0)')
  await tested.sql(`insert into sessions values ('ann'), ('bob')`)
  return {
    tested,
    lines,
    async useSession(id) {
      const usage = { statements: 0, databaseMs: 0 }
      await tested.call.ping({}, { headers: { 'x-session': id }, usage })
      return usage.statements
    },
    usesOf: async () => (await tested.sql('select uses from sessions order by id')).map(({ uses }) => uses),
  }
}

test('all uses of 10 seconds are one statement, and no call waits for it', async () => {
  const clock = createFakeClock()
  const { useSession, usesOf } = await start(clock)
  for (const id of ['ann', 'ann', 'bob', 'gone']) expect(await useSession(id)).toBe(0)
  clock.advance(9_999)
  expect(await usesOf()).toEqual([0, 0])
  clock.advance(1)
  await until(async () => (await usesOf()).join() === '1,1')

  await useSession('ann')
  clock.advance(10_000)
  await until(async () => (await usesOf()).join() === '2,1')
})

test('a stopping service records the last uses', async () => {
  const { tested, useSession, usesOf } = await start()
  await useSession('bob')
  await tested.running.stop()
  expect(await usesOf()).toEqual([0, 1])
})

test('a statement that fails is logged, and the others still run', async () => {
  const clock = createFakeClock()
  const { useSession, usesOf, lines } = await start(clock)
  await useSession('failing')
  await useSession('ann')
  clock.advance(10_000)
  await until(async () => (await usesOf()).join() === '1,0')
  expect(lines.join()).toContain('recording the last use of rows failed')
})
