import { anyone, holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createFakeClock, createTestService, until } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { callHoldfast, type Run } from '../../run-holdfast.fixture.ts'

const { mutation, service } = holdfast({ database: postgres() })
const ship = mutation({
  route: 'POST /shipments',
  access: anyone('a test'),
  input: z.object({ order: z.int() }),
  trail: { target: ({ input: { order } }) => `order:${order}` },
  run: () => {},
})
const tested = service({ name: 'trail-commands', operations: { ship } })

test('the trail is listed, verified and pruned', async () => {
  const clock = createFakeClock()
  await using on = await createTestService(tested, { clock, onLog: () => {}, worker: false })
  const run = (...line: readonly string[]): Promise<Run> =>
    callHoldfast(line, { databaseUrl: on.databaseUrl })
  await on.call.ship({ order: 1 })
  await on.call.ship({ order: 2 })
  await until(async () => {
    clock.advance(6_000)
    return (await on.sql('select from holdfast.trail where position is null')).length === 0
  })

  const listed = await run('trail', 'list', '--target', 'order:2', '--json')
  expect(JSON.parse(listed.stdout)).toMatchObject({
    entries: [{ operation: 'ship', target: 'order:2', position: '2', status: 204 }],
  })
  expect((await run('trail', 'list')).stdout).toMatch(/anonymous +ship +order:1 +204/)

  expect(await run('trail', 'verify')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('trail-commands: 2 rows verified, up to position 2'),
  })
  expect(await run('trail', 'prune')).toMatchObject({ exitCode: 2 })
  expect(await run('trail', 'prune', '--before', '2020-01-01')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('Nothing to drop.'),
  })

  await on.sql(`
    alter table holdfast.trail disable trigger user;
    update holdfast.trail set caller_id = 'eve' where position = 1`)
  expect(await run('trail', 'verify')).toMatchObject({
    exitCode: 1,
    stdout: expect.stringContaining('trail-commands: broken at position 1 (changed).'),
  })
})
