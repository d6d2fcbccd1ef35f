import { anyone, holdfast } from 'holdfast'
import { postgres } from 'holdfast/postgres'
import { setting, settings, text } from 'holdfast/settings'
import { createTestService } from 'holdfast/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

test('a test can pass its configuration to a service with a database', async () => {
  const config = settings({ MAIL_KEY: setting(text(), { description: 'For mail.', secret: true }) })
  const { query, service } = holdfast({ database: postgres(), settings: config })
  const readKey = query({
    route: 'GET /key',
    access: anyone('a test'),
    output: z.object({ key: z.string() }),
    run: ({ settings: { MAIL_KEY } }) => ({ key: MAIL_KEY.reveal() }),
  })
  const mail = service({ name: 'mail', operations: { readKey } })

  await expect(createTestService(mail)).rejects.toMatchObject({ code: 'configuration-invalid' })
  await using running = await createTestService(mail, { env: { MAIL_KEY: 'mk_test' } })
  expect(await running.call.readKey({})).toEqual({ key: 'mk_test' })
})
