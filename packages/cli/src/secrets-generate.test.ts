import { expect, test } from 'vitest'
import { parseSecretKeys } from '../../holdfast/src/platform/secret-keys/secret-key-settings.ts'
import { callHoldfast } from './run-holdfast.fixture.ts'

test('secrets generate prints a key that is valid in SECRET_KEYS, and another each time', async () => {
  const { exitCode, stdout } = await callHoldfast(['secrets', 'generate'])
  expect([exitCode, parseSecretKeys(stdout.trim())?.[0]?.length]).toEqual([0, 32])
  const { stdout: other } = await callHoldfast(['secrets', 'generate', '--json'])
  expect(JSON.parse(other)).toEqual({ key: expect.not.stringContaining(stdout.trim()) })
})
