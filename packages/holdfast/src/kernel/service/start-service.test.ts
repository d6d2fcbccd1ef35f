import type { Database, OpenDatabase } from 'holdfast'
import { expect, test } from 'vitest'
import { noDatabase, refusalOf, startService } from './start-service.fixture.ts'

const failure = new Error('lost')

/**
 * Returns a database with these parts, and a function that counts how often the database was
 * closed.
 */
function counted(parts: Partial<OpenDatabase>): [Database<undefined, undefined>, () => number] {
  let closed = 0
  const open: typeof noDatabase.open = async (host) => ({
    ...(await noDatabase.open(host)),
    close: async () => void (closed += 1),
    ...parts,
  })
  return [{ ...noDatabase, open }, () => closed]
}

test.for<[string, Partial<OpenDatabase>]>([
  ['its background work cannot be registered', { register: () => Promise.reject(failure) }],
  ['its signing keys are unusable', { signingKeys: { keys: [null as never], refresh: async () => [] } }],
])('a start that fails because %s closes the database', async ([, parts]) => {
  const [database, closed] = counted(parts)
  expect(await refusalOf({}, { database })).not.toBe('it started')
  expect(closed()).toBe(1)
})

test('a service that is stopped twice closes its database once, and both calls wait for it', async () => {
  const closing = Promise.withResolvers<void>()
  const [database, closed] = counted({})
  const slow: typeof database = {
    ...database,
    async open(host) {
      const open = await database.open(host)
      return { ...open, close: () => open.close().then(() => closing.promise) }
    },
  }
  const running = await startService({}, { database: slow })
  const stops = [running.stop(), running.stop()]
  let ended = 0
  for (const stop of stops) void stop.then(() => (ended += 1))
  await Promise.resolve()
  expect(ended).toBe(0)
  closing.resolve()
  await Promise.all(stops)
  expect(closed()).toBe(1)
})
