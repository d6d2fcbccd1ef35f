import { access, holdfast, Unauthenticated } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestService } from 'holdfast/testing'
import { expect, test } from 'vitest'

const app = holdfast({ database: postgres() })
/** Admits each value of `x-id` once in `x-for` milliseconds. */
const once = access('once()', async ({ caller, header, useOnce }) =>
  (await useOnce(header('x-id') ?? '', Number(header('x-for') ?? 60_000))) ? caller : Unauthenticated(),
)
const ping = app.query({ route: 'GET /ping', access: once, run: () => {} })
const service = app.service({ name: 'once', operations: { ping } })

test('an id is used once, also by concurrent calls', async () => {
  await using tested = await createTestService(service)
  const use = async (id: string) => (await tested.send('ping', {}, { headers: { 'x-id': id } })).status
  const statuses = await Promise.all(Array.from({ length: 8 }, () => use('a')))
  expect(statuses.filter((status) => status === 204)).toHaveLength(1)
  expect(await use('b')).toBe(204)
})

test('an expired id can be used again, and other expired ids are deleted', async () => {
  await using tested = await createTestService(service)
  const use = async (id: string) => (await tested.send('ping', {}, { headers: { 'x-id': id } })).status
  for (const id of ['a', 'b', 'c']) expect(await use(id)).toBe(204)
  await tested.sql(`update holdfast.used_ids set expires_at = now() - interval '1 second'`)
  expect(await use('a')).toBe(204)
  expect(await use('a')).toBe(401)
  expect(await tested.sql('select count(*)::int as rows from holdfast.used_ids')).toEqual([{ rows: 1 }])
})
