import { event, holdfast } from 'holdfast'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { noDatabase } from '../service/start-service.fixture.ts'
import { createTestService } from 'holdfast/testing'

const { job, consumer, service } = holdfast({ database: noDatabase })

test('a service does not start if the schema of a job or message cannot be stored as JSON', async () => {
  const remind = job({ name: 'remind', input: z.object({ at: z.date() }), run: () => {} })
  const Moved = event('account.moved', { payload: z.object({ balance: z.bigint() }) })
  const handle = consumer({ name: 'hear', event: Moved, run: () => {} })
  const dates = service({ name: 'dates', operations: {}, jobs: { remind }, consumers: { hear: handle } })
  await expect(createTestService(dates)).rejects.toMatchObject({
    code: 'service-invalid',
    message: expect.stringMatching(
      /job "remind" .*its input cannot be stored as JSON: .*z\.iso\.datetime\(\)[^]*consumer "hear" .*payload of its event "account\.moved" cannot be stored as JSON/,
    ) as string,
  })
})
