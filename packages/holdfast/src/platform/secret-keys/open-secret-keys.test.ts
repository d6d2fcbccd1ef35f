import { randomBytes } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import type { Mode } from '../../kernel/host/service-host.ts'
import { openSecretKeys } from './open-secret-keys.ts'
import { secretKeySettings } from './secret-key-settings.ts'

const sealing = { purpose: 'test' }
const plain = Buffer.from('a secret')
const newKey = () => randomBytes(32).toString('base64url')

function open(mode: Mode, value?: string, folder = join(mkdtempSync(join(tmpdir(), 'keys-')), '.holdfast')) {
  const notices: string[] = []
  const env = value === undefined ? {} : { SECRET_KEYS: value }
  const source = openSecretKeys({ env, mode, folder, notify: (message) => void notices.push(message) })
  return { source, notices, folder, keys: () => source('the tests') }
}

test('the keys come from SECRET_KEYS, in either alphabet of base64', () => {
  const [first, second] = [newKey(), randomBytes(33).toString('base64')]
  const sealed = open('production', second).keys().seal(plain, sealing)
  expect(open('production', `${first}, ${second}`).keys().open(sealed, sealing)).toEqual(plain)
})

test('in production, a feature that needs keys does not start without them', () => {
  const { source, keys } = open('production')
  expect(keys).toThrow(
    expect.objectContaining({
      code: 'configuration-invalid',
      message: expect.stringMatching(/^SECRET_KEYS is not set, and is needed by the tests\..*openssl rand/),
    }),
  )
  expect(() => source('others')).toThrow(/needed by others/)
})

function errorOf(run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    return error
  }
}

const same = newKey()
test.each([
  ['too short', randomBytes(31).toString('base64url')],
  ['too short, beside a valid key', `${newKey()},${randomBytes(16).toString('base64url')}`],
  ['not base64', `${newKey()}!`],
  ['empty', `${newKey()},`],
  ['repeated', `${same},${same}`],
  ['repetitive', Buffer.alloc(64, 'abcd').toString('base64url')],
])('a key that is %s is refused in every mode, and is not printed', async (_, value) => {
  for (const mode of ['production', 'development', 'test'] as const) {
    const error = errorOf(() => open(mode, value))
    expect(error).toMatchObject({ code: 'configuration-invalid' })
    expect(inspect(error)).not.toContain(value.slice(0, 8))
    const issues = await secretKeySettings.check({ env: { SECRET_KEYS: value }, mode })
    expect(issues).toEqual([
      expect.stringMatching(/^SECRET_KEYS is invalid \(value hidden, because it is a secret\)/),
    ])
    expect(issues.join()).not.toContain(value.slice(0, 8))
  }
})

test('in development, a file with a key is created when it is needed', () => {
  const { keys, folder, notices } = open('development')
  expect(notices).toEqual([])
  const sealed = keys().seal(plain, sealing)
  const file = join(folder, 'secret-keys')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readdirSync(folder)).toEqual(['secret-keys'])
  expect(notices).toEqual([`A secret key for development was created in ${file}.`])
  expect(notices.join()).not.toContain(readFileSync(file, 'utf8').trim())

  const second = open('development', undefined, folder)
  expect(second.keys().open(sealed, sealing)).toEqual(plain)
  expect(second.notices).toEqual([])
})

test('in development, an invalid file is not replaced', () => {
  const { keys, folder } = open('development')
  keys()
  const file = join(folder, 'secret-keys')
  writeFileSync(file, 'too-short')
  expect(open('development', undefined, folder).keys).toThrow(
    expect.objectContaining({ code: 'configuration-invalid', message: expect.stringContaining(file) }),
  )
  expect(readFileSync(file, 'utf8')).toBe('too-short')
})

test('in tests, the key is always the same', () => {
  const sealed = open('test').keys().seal(plain, sealing)
  expect(open('test').keys().open(sealed, sealing)).toEqual(plain)
})
