import { event, holdfast, relay, schedule } from 'holdfast'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { noDatabase } from '../service/start-service.fixture.ts'
import { createTestService } from 'holdfast/testing'

const { job, consumer, service } = holdfast({ database: noDatabase })

test('a service does not start if the schema of a job or message cannot be stored as JSON', async () => {
  const remind = job({ name: 'remind', input: z.object({ at: z.date() }), run: () => {} })
  const Moved = event('account.moved', { payload: z.object({ balance: z.bigint() }) })
  const handle = consumer({ name: 'hear', event: Moved, run: () => {} })
  const dates = service({ name: 'dates', operations: {}, jobs: [remind], consumers: [handle] })
  await expect(createTestService(dates)).rejects.toMatchObject({
    code: 'service-invalid',
    message: expect.stringMatching(
      /job "remind" .*its input cannot be stored as JSON: .*z\.iso\.datetime\(\)[^]*consumer "hear" .*payload of its event "account\.moved" cannot be stored as JSON/,
    ) as string,
  })
})

test('a service does not start if two definitions have the same name, and the error names both locations', async () => {
  const empty = z.object({})
  const Moved = event('account.moved', { payload: empty })
  const defineJob = () => job({ name: 'remind', input: empty, run: () => {} })
  const remind = defineJob()
  const defineConsumer = () => consumer({ name: 'hear', event: Moved, run: () => {} })
  const defineSchedule = () => schedule({ name: 'nightly', cron: '0 3 * * *', job: remind, input: {} })
  const broker = { name: 'none', connect: () => expect.unreachable('it was connected') }
  const defineRelay = () => relay({ name: 'all', to: broker })
  const capability = { name: 'mail', definedAt: 'mail.ts:1' }
  const twice = service({
    name: 'twice',
    operations: {},
    jobs: [remind, defineJob()],
    consumers: [defineConsumer(), defineConsumer()],
    schedules: [defineSchedule(), defineSchedule()],
    relays: [defineRelay(), defineRelay()],
    capabilities: [capability, { ...capability, definedAt: 'mail.ts:2' }],
  })
  const refused: unknown = await createTestService(twice).catch((error: unknown) => error)
  for (const what of ['job "remind"', 'consumer "hear"', 'schedule "nightly"', 'relay "all"']) {
    expect(refused).toHaveProperty(
      'message',
      expect.stringMatching(
        new RegExp(`${what}: declared 2 times \\(\\S+background\\.test\\.ts:\\d+ and \\S+test\\.ts:\\d+\\)`),
      ),
    )
  }
  expect(refused).toHaveProperty(
    'message',
    expect.stringContaining('capability "mail": declared 2 times (mail.ts:1 and mail.ts:2)'),
  )
})

test.each([
  ['deadline', { deadline: '5 minutes' }],
  ['retention', { retention: '5 minutes' }],
  ['retry.initialDelay', { retry: { initialDelay: '5 minutes' } }],
  ['retry.maxDelay', { retry: { maxDelay: '5 minutes' } }],
  ['retry.schedule[1]', { retry: { schedule: ['1s', '5 minutes'] } }],
  ['rate.per', { rate: { limit: 1, per: '5 minutes' } }],
])(
  'a service does not start if %s of a job is not a duration, and the error names it',
  async (option, given) => {
    const options = given as Partial<Parameters<typeof job>[0]>
    const remind = job({ name: 'remind', input: z.object({}), run: () => {}, ...options })
    const late = service({ name: 'late', operations: {}, jobs: [remind] })
    await expect(createTestService(late)).rejects.toThrow(
      new RegExp(
        `job "remind" .*: The option ${RegExp.escape(option)} is "5 minutes", which is not a valid duration`,
      ),
    )
  },
)
