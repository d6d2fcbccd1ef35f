import { expect, test } from 'vitest'
import { HeartbeatLoop } from './heartbeat-loop.ts'
import { HeartbeatView } from './heartbeat-view.ts'

const everyMs = 5_000

/** Creates a loop with a clock that only the test advances. */
function createLoop(answers: readonly (boolean | Error)[] = []) {
  let nowMs = 1_000
  const view = new HeartbeatView(undefined, () => BigInt(nowMs) * 1_000_000n)
  const heard: string[] = []
  let sent = 0
  const loop = new HeartbeatLoop({
    view,
    everyMs,
    async sendHeartbeat() {
      const answer = answers[sent] ?? true
      sent += 1
      if (answer instanceof Error) throw answer
      return answer
    },
    onDeclaredDead: () => heard.push('declared dead'),
    onFailed: (error) => heard.push(`failed: ${(error as Error).message}`),
    onSilent: (silentMs) => heard.push(`silent for ${silentMs} ms`),
  })
  view.turned()
  view.allowSilence(60_000)
  return {
    view,
    loop,
    heard,
    sent: () => sent,
    pass: (ms: number): void => void (nowMs += ms),
  }
}

test('heartbeats continue while the event loop is blocked for as long as allowed, and then stop', async () => {
  const { view, loop, heard, sent, pass } = createLoop()
  pass(60_000)
  expect(await loop.beatOnce()).toBe(everyMs)
  expect(sent()).toBe(1)
  pass(1)
  expect(await loop.beatOnce()).toBeLessThan(everyMs)
  await loop.beatOnce()
  expect(sent()).toBe(1)
  expect(heard).toEqual(['silent for 60001 ms'])
  view.turned()
  expect(await loop.beatOnce()).toBe(everyMs)
  expect(sent()).toBe(2)
})

test('a lease starts when its heartbeat was sent, and a failed heartbeat does not extend it', async () => {
  const { view, loop, heard, pass } = createLoop([true, new Error('no route')])
  await loop.beatOnce()
  pass(9_000)
  expect(view.reachableForMs).toBe(9_000)
  expect(await loop.beatOnce()).toBeLessThan(everyMs)
  expect(heard).toEqual(['failed: no route'])
  expect(view.sinceHeartbeatMs).toBe(9_000)
  expect(view.reachableForMs).toBe(0)
  await loop.beatOnce()
  expect(view.sinceHeartbeatMs).toBe(0)
})

test('a worker that is not in the database is declared dead, once', async () => {
  const { loop, heard, sent } = createLoop([false])
  await loop.run()
  expect(heard).toEqual(['declared dead'])
  expect(sent()).toBe(1)
})
