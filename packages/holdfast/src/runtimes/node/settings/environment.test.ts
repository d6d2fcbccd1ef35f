import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { anyone, holdfast } from 'holdfast'
import { setting, settings, text } from 'holdfast/settings'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openEnvironment } from './environment.ts'
import { serveForTest } from '../serve.fixture.ts'

let folder: string
const told: string[] = []
const file = (name: string): string => join(folder, name)

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-environment-'))
  told.length = 0
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const open = (env: Record<string, string>, names: readonly string[] = ['KEY']) =>
  openEnvironment({ env, names, folder, notify: (message) => told.push(message) })

describe('a .env', () => {
  beforeEach(() => writeFile(file('.env'), '# a comment\nKEY="from the file"\nOTHER=1\n'))

  test('in development, a .env adds variables that the environment does not contain', () => {
    const { env, originOf } = open({ OTHER: '2' })
    expect(env).toEqual({ KEY: 'from the file', OTHER: '2' })
    expect([originOf('KEY'), originOf('OTHER')]).toEqual(['.env', undefined])
  })

  test('a .env is overridden by the environment, by a value or a file', async () => {
    await writeFile(file('key'), 'from a file of its own')
    const { env, issues } = open({ KEY_FILE: file('key') })
    expect([env['KEY'], issues]).toEqual(['from a file of its own', []])
    await writeFile(file('.env'), `KEY_FILE=${file('key')}\n`)
    expect(open({ KEY: 'mine' })).toMatchObject({ env: { KEY: 'mine' }, issues: [] })
    expect(open({}).env['KEY']).toBe('from a file of its own')
  })

  test.each(['test', 'production'])('a .env is not read in %s', (NODE_ENV) => {
    expect(open({ NODE_ENV }).env).toEqual({ NODE_ENV })
    expect(told.length).toBe(NODE_ENV === 'production' ? 1 : 0)
  })
})

test('a .env that cannot be read is an error only in development', async () => {
  await mkdir(file('.env'))
  expect(open({}).issues).toEqual([`Cannot read ${file('.env')}, which is not a file.`])
  expect(open({ NODE_ENV: 'test' }).issues).toEqual([])
  expect(open({ NODE_ENV: 'production' }).issues).toEqual([])
})

test('variables that decide how settings are read are read only from the environment', async () => {
  await writeFile(file('.env'), 'NODE_ENV=production\n')
  await writeFile(file('mode'), 'production')
  const rest = 'Set it in the environment itself, because it decides which files are read.'
  expect(open({}).issues).toEqual([`NODE_ENV is "production" in .env. ${rest}`])
  await writeFile(file('.env'), 'NODE_ENV=development\n')
  expect(open({}).issues).toEqual([])
  await rm(file('.env'))
  expect(open({ NODE_ENV_FILE: file('mode') }, ['NODE_ENV']).issues).toEqual([
    `NODE_ENV is "production" in ${file('mode')}. ${rest}`,
  ])
})

test('a missing .env is not an error', () => {
  expect(open({ A: '1' })).toMatchObject({ env: { A: '1' }, issues: [] })
})

describe('a variable that names a file', () => {
  test('a variable that names a file gets the content of the file as its value, without the last line feed', async () => {
    await writeFile(file('key'), ' line one\nline two\r\n')
    const { env, originOf, issues } = open({ KEY_FILE: file('key'), NODE_ENV: 'production' })
    expect([env['KEY'], originOf('KEY'), issues]).toEqual([' line one\nline two', file('key'), []])
  })

  test('a variable that names a file is supported only for settings', async () => {
    await writeFile(file('key'), 'value')
    expect(open({ OTHER_FILE: file('key') }).env['OTHER']).toBeUndefined()
  })

  test.each([
    ['is set twice', async () => writeFile(file('key'), 'v'), { KEY: 'v' }, 'KEY and KEY_FILE are both set.'],
    ['names a missing file', async () => {}, {}, 'which does not exist.'],
    ['names a folder', async () => mkdir(file('key')), {}, 'which is not a file.'],
    [
      'names a file that is too long',
      async () => writeFile(file('key'), 'x'.repeat(70_000)),
      {},
      'which is 70000 bytes long; the max is 65536',
    ],
    ['names an empty file', async () => writeFile(file('key'), '\n'), {}, 'which is empty.'],
    [
      'names a file that is not UTF-8',
      async () => writeFile(file('key'), Buffer.from([0xc3, 0x28])),
      {},
      'which is not valid UTF-8, at line 1, byte ',
    ],
    [
      'names a file with a NUL',
      async () => writeFile(file('key'), 'se\0cret'),
      {},
      'which contains a NUL character, at line 1, byte 3 ',
    ],
    [
      'names a file in UTF-16',
      async () => writeFile(file('key'), Buffer.from('\ufeffv', 'utf16le')),
      {},
      'which is encoded in UTF-16.',
    ],
  ])('a …_FILE variable that %s is rejected', async (...[, prepare, more, expected]) => {
    await prepare()
    const { issues } = open({ KEY_FILE: file('key'), ...more })
    expect(issues).toHaveLength(1)
    expect(issues[0]).toContain(expected)
  })

  test('a …_FILE variable that contains the secret itself is rejected without showing it', () => {
    const { issues } = open({ KEY_FILE: 'hunter2' })
    expect(issues).toEqual([
      'KEY_FILE is a file (path hidden, because it does not begin with /, ./ or ../), which does not exist.',
    ])
  })

  test.skipIf(process.getuid?.() === 0)('a file without read permission is rejected', async () => {
    await writeFile(file('key'), 'v')
    await chmod(file('key'), 0)
    expect(open({ KEY_FILE: file('key') }).issues[0]).toContain('which cannot be read (EACCES).')
  })
})

test('a start reports every problem in all parts of the configuration', async () => {
  const { query, service } = holdfast({
    settings: settings({ MAIL_KEY: setting(text(), { description: 'For mail.', secret: true }) }),
  })
  const ping = query({ route: 'GET /ping', access: anyone('a test'), run: () => {} })
  const starting = serveForTest(service({ name: 'wrong', operations: { ping } }), {
    port: undefined as never,
    env: {
      PORT: 'many',
      NODE_ENV: 'staging',
      OTEL_TRACES_SAMPLER: 'sometimes',
      MAIL_KEY_FILE: file('nothing'),
    },
  })
  const { message } = await starting.then(
    () => ({ message: '' }),
    (error: Error) => error,
  )
  for (const name of [
    'PORT is',
    'NODE_ENV is',
    'OTEL_TRACES_SAMPLER is',
    'MAIL_KEY_FILE is',
    'MAIL_KEY is not set',
  ])
    expect(message).toContain(`- ${name}`)
})
