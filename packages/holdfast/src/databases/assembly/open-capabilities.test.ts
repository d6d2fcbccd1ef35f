import { describe, expect, test } from 'vitest'
import type { Call, Next, Stage } from '../../kernel/call/call.ts'
import type { OpenCapability, WorkerPart } from '../../storage/capability/database-capability.ts'
import { openCapabilities } from './open-capabilities.ts'
import { startWorker } from './start-worker.ts'

/** Returns a log, and capabilities and worker parts that write to it. */
function recorded() {
  const log: string[] = []
  const stage =
    (name: string): Stage =>
    (call, next) => {
      log.push(name)
      return next(call)
    }
  const capability = (name: string, parts: OpenCapability = {}): { open: () => OpenCapability } => ({
    open() {
      log.push(`open ${name}`)
      return { close: async () => void log.push(`close ${name}`), ...parts }
    },
  })
  const part = (name: string, parts: Partial<WorkerPart> = {}): OpenCapability => ({
    workerPart: () => ({
      start: () => void log.push(`start ${name}`),
      async stop(limitMs) {
        log.push(`stop ${name} ${limitMs}`)
        return [`job of ${name}`]
      },
      close: async () => void log.push(`close ${name}`),
      ...parts,
    }),
  })
  return { log, stage, capability, part }
}

const failing = (): never => {
  throw new Error('lost')
}

test('if one capability cannot be opened, the others are closed, even if they open late', async () => {
  const { log, capability } = recorded()
  const late = Promise.withResolvers<OpenCapability>()
  const opening = openCapabilities(
    [capability('a'), { open: failing }, capability('b'), { open: () => late.promise }],
    {},
  )
  const outcome = opening.catch((error: unknown) => error)
  late.resolve({ close: async () => void log.push('close late') })
  expect(await outcome).toEqual(new Error('lost'))
  expect(log).toEqual(['open a', 'open b', 'close a', 'close b', 'close late'])
})

test('the stages of an operation are composed in the order of the list', async () => {
  const { log, stage, capability } = recorded()
  const database = await openCapabilities(
    [
      capability('a', { stageFor: () => stage('outer') }),
      capability('b'),
      capability('c', { stageFor: () => stage('inner') }),
    ],
    {},
  )
  log.length = 0
  const composed = database.stageFor({} as never, { problemTypeBase: '/', prepare: undefined })
  const end: Next = async () => {
    log.push('handler')
    return { status: 200, headers: {}, body: '' }
  }
  await composed({} as Call, end)
  expect(log).toEqual(['outer', 'inner', 'handler'])
})

describe('workers', () => {
  test('a worker knows the jobs of all its parts, and whether a part leads', async () => {
    const { part } = recorded()
    const seen: unknown[] = []
    const reading = part('b', {
      start: ({ addedJobs, leads }) => void seen.push(addedJobs, leads()),
    })
    const added = { name: 'added' } as never
    await startWorker([part('a', { jobs: [added], leads: () => true }), {}, reading], {} as never, {})
    expect(seen).toEqual([[added], true])
  })

  test('a worker stops its parts once, with the limit, and closes them in reverse order', async () => {
    const { log, part } = recorded()
    const worker = await startWorker([part('a'), part('b')], {} as never, {})
    const stops = [worker.stop(5), worker.stop(6)]
    expect(await Promise.all(stops)).toEqual([
      ['job of a', 'job of b'],
      ['job of a', 'job of b'],
    ])
    expect(log).toEqual(['start a', 'start b', 'stop a 5', 'stop b 5', 'close b', 'close a'])
  })

  test('a worker that fails to start stops the parts that it has started, and closes all parts', async () => {
    const { log, part } = recorded()
    const parts = [part('a'), part('b', { start: failing }), part('c')]
    await expect(startWorker(parts, {} as never, {})).rejects.toThrow('lost')
    expect(log).toEqual(['start a', 'stop a 0', 'close c', 'close b', 'close a'])
  })

  test('a worker closes its parts even if one of them cannot be stopped', async () => {
    const { log, part } = recorded()
    const worker = await startWorker([part('a'), part('b', { stop: failing })], {} as never, {})
    await expect(worker.stop(5)).rejects.toThrow('lost')
    expect(log.slice(-2)).toEqual(['close b', 'close a'])
  })
})
