import { randomUUID } from 'node:crypto'
import { createTestDatabase } from 'holdfast/testing'
import { createMigratedDatabase } from '../../testing/template.ts'
import { expect, test } from 'vitest'
import { startOrders } from './orders.fixture.ts'

test('a database that is restored from a backup continues: lost calls can be repeated, once', async () => {
  const database = await createMigratedDatabase()
  const [kept, lost] = [randomUUID(), randomUUID()]
  const before = await startOrders(database.url)
  expect(await before.place('a', kept)).toMatchObject({ status: 201 })
  await before.settled('a')
  await before.stop()
  const backup = await createTestDatabase(new URL(database.url).pathname.slice(1))

  const after = await startOrders(database.url)
  expect(await after.place('b', lost)).toMatchObject({ status: 201 })
  await after.settled('a', 'b')
  await after.stop()
  await database.drop()

  const restored = await startOrders(backup.url)
  expect(restored.lines).toContainEqual(expect.objectContaining({ change: 'database' }))
  const replayed = await restored.place('a', kept)
  expect(replayed).toMatchObject({ status: 201, headers: { 'idempotency-replayed': 'true' } })
  const again = await restored.place('b', lost)
  expect(again.status).toBe(201)
  expect(again.headers).not.toHaveProperty('idempotency-replayed')
  await restored.place('c', randomUUID())
  await restored.settled('a', 'b', 'c')
  await restored.stop()
  await backup.drop()
})
