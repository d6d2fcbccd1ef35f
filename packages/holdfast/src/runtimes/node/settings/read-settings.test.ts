import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readSettings } from 'holdfast/node'
import { type Secret, setting, settings, text } from 'holdfast/settings'
import { expect, expectTypeOf, onTestFinished, test } from 'vitest'

const config = settings({ MAIL_KEY: setting(text(), { description: 'For mail.', secret: true }) })

test('settings are read without a service, from files too', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-settings-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'key'), 'mk_live\n')
  const { MAIL_KEY } = await readSettings(config, {
    env: { NODE_ENV: 'production', MAIL_KEY_FILE: join(folder, 'key') },
  })
  expectTypeOf(MAIL_KEY).toEqualTypeOf<Secret<string>>()
  expect(MAIL_KEY.reveal()).toBe('mk_live')
})

test('all that is wrong with them is said at once', async () => {
  await expect(
    readSettings(config, { env: { NODE_ENV: 'staging', MAIL_KEY_FILE: '/gone' } }),
  ).rejects.toMatchObject({
    code: 'configuration-invalid',
    message: [
      'The configuration has 3 problems:',
      '  - MAIL_KEY_FILE names /gone, which does not exist.',
      '  - NODE_ENV is "staging". It has to be one of development, test, production. How strict the service is with its own program, and how open with its surroundings.',
      '  - MAIL_KEY is not set. It has to be a text. For mail.',
    ].join('\n'),
  })
})
