import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readSettings } from 'holdfast/node'
import { type Secret, setting, settings, text } from 'holdfast/settings'
import { expect, expectTypeOf, onTestFinished, test } from 'vitest'

const config = settings({ MAIL_KEY: setting(text(), { description: 'For mail.', secret: true }) })

test('settings are read without a service, also from files', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-settings-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'key'), 'mk_live\n')
  const { MAIL_KEY } = await readSettings(config, {
    env: { NODE_ENV: 'production', MAIL_KEY_FILE: join(folder, 'key') },
  })
  expectTypeOf(MAIL_KEY).toEqualTypeOf<Secret<string>>()
  expect(MAIL_KEY.reveal()).toBe('mk_live')
})

test('all problems are reported at once', async () => {
  await expect(
    readSettings(config, { env: { NODE_ENV: 'staging', MAIL_KEY_FILE: '/gone' } }),
  ).rejects.toMatchObject({
    code: 'configuration-invalid',
    message: [
      'The configuration has 3 problems:',
      '  - MAIL_KEY_FILE is /gone, which does not exist.',
      '  - NODE_ENV is "staging". It must be one of development, test, production. Mode of the service, which determines how strict its checks are and how much it reveals.',
      '  - MAIL_KEY is not set. It must be a string. For mail.',
    ].join('\n'),
  })
})
