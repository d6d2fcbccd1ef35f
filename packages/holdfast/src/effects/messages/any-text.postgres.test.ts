import { anyone, event, holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { createTestService, until } from 'holdfast/testing'
import { webhooks } from 'holdfast/webhooks'
import { expect, test } from 'vitest'
import { z } from 'zod'

// Texts that are valid JSON but that Postgres rejects. Any client can send such a text. If a
// message with such a text could not be dispatched, it would block all later messages.
const texts = ['U+0000: \0', 'half a character: \uD800']

const { consumer, job, mutation, service } = holdfast({ database: postgres() })

const Said = event('thing.said', { payload: z.object({ text: z.string() }) })
const handled: string[] = []
const handle = consumer({
  name: 'hear',
  event: Said,
  run: ({ message }) => void handled.push(message.payload.text),
})
const awaited: (string | undefined)[] = []
const wait = job({
  name: 'wait',
  input: z.object({ key: z.string() }),
  async run({ input, step }) {
    const message = await step.waitFor('word', Said, { key: input.key })
    awaited.push(message?.payload.text)
  },
})
const startWaiting = mutation({
  route: 'POST /waits',
  access: anyone('a test'),
  run: async ({ jobs }) =>
    void (await jobs.enqueueMany(
      wait,
      texts.map((_, n) => ({ key: `key ${n}` })),
    )),
})
const say = mutation({
  route: 'POST /words',
  access: anyone('a test'),
  async run({ publish }) {
    for (const [n, text] of texts.entries()) await publish(Said, `key ${n}`, { text })
    await publish(Said, 'last', { text: 'and whatever comes after that' })
  },
})
// The sender of a message chooses its owner.
const hooks = webhooks({ events: [Said], ownerOf: ({ payload }) => payload.text })
const tested = service({
  name: 'any-text',
  operations: { startWaiting, say },
  jobs: [wait],
  consumers: [handle],
  capabilities: [hooks],
})

test('a message with any text reaches consumers, waiting jobs and webhooks, and so does the next message', async () => {
  await using on = await createTestService(tested)
  await on.call.startWaiting({})
  await until(async () => (await on.sql('select from holdfast.job_waits')).length === texts.length)
  await on.call.say({})
  await until(() => handled.length === texts.length + 1 && awaited.length === texts.length)
  expect(new Set(handled)).toEqual(new Set([...texts, 'and whatever comes after that']))
  expect(new Set(awaited)).toEqual(new Set(texts))
})
