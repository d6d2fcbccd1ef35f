import { inspect } from 'node:util'
import { anyone, createLogger, holdfast } from 'holdfast'
import {
  durationMs,
  flag,
  oneOf,
  Secret,
  setting,
  settings,
  settingsTable,
  sizeBytes,
  text,
  url,
  wholeNumber,
} from 'holdfast/settings'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { testHost } from '../../../test/test-host.ts'

const declared = settings({
  API_KEY: setting(text(), { description: 'The key of the payments API.', secret: true }),
  LIMIT: setting(wholeNumber({ min: 1, max: 50 }), { description: 'How many at once.', default: '5' }),
  REGIONS: setting(z.array(z.enum(['eu', 'us'])), { description: 'Where it runs.', default: 'eu,us' }),
  REPORT: setting(durationMs(), { description: 'How often it reports.', optional: true }),
  SIZE: setting(sizeBytes(), { description: 'How large it may be.', default: '64KiB' }),
  TRACE: setting(flag(), { description: 'Whether it traces.', default: 'false' }),
  TARGET: setting(url('https'), { description: 'Where it reports to.', optional: 'outside production' }),
})

const read = (env: Record<string, string>, mode: 'development' | 'production' = 'development') =>
  declared.read({ env, mode })
const failureOf = (reading: Promise<unknown>): Promise<string> =>
  reading.then(
    () => 'nothing is wrong',
    (error: Error) => error.message,
  )
const messageOf = (env: Record<string, string>, mode?: 'development' | 'production'): Promise<string> =>
  failureOf(read(env, mode))

describe('settings', () => {
  test('settings are parsed by their schemas', async () => {
    const values = await read({ API_KEY: 'k-1', LIMIT: '7', REGIONS: 'us, eu', REPORT: '90s', TRACE: 'true' })
    expect(values).toMatchObject({
      LIMIT: 7,
      REGIONS: ['us', 'eu'],
      REPORT: 90_000,
      SIZE: 65_536,
      TRACE: true,
      TARGET: undefined,
    })
    expect(values.API_KEY.reveal()).toBe('k-1')
    expectTypeOf(values.API_KEY).toEqualTypeOf<Secret<string>>()
    expectTypeOf(values.REGIONS).toEqualTypeOf<('eu' | 'us')[]>()
    expectTypeOf(values.REPORT).toEqualTypeOf<number | undefined>()
    expectTypeOf(values.TARGET).toEqualTypeOf<string | undefined>()
  })

  test('settings that are empty are treated as not set', async () => {
    expect(await read({ API_KEY: 'k', LIMIT: '', REPORT: '' })).toMatchObject({ LIMIT: 5, REPORT: undefined })
  })

  test('settings report all problems at once', async () => {
    const message = await messageOf({
      API_KYE: 'oops',
      LIMIT: '500',
      REPORT: 'soon',
      TRACE: 'yes',
      TARGET: 'http://x',
    })
    expect(message).toBe(
      [
        'The configuration has 5 problems:',
        '  - API_KEY is not set. It must be a string. The key of the payments API. Did you mean API_KYE, which is set?',
        '  - LIMIT is "500". It must be an integer from 1 to 50. How many at once.',
        '  - REPORT is "soon". It must be a number followed by a unit of time (ms, s, m, h or d). How often it reports.',
        '  - TRACE is "yes". It must be true or false. Whether it traces.',
        '  - TARGET is "http://x". It must be a URL that begins with https://. Where it reports to.',
      ].join('\n'),
    )
  })

  test('settings may be required only in production', async () => {
    expect(await messageOf({ API_KEY: 'k' })).toBe('nothing is wrong')
    expect(await messageOf({ API_KEY: 'k' }, 'production')).toContain('TARGET is not set.')
  })

  test('settings never show a secret, and truncate long values', async () => {
    const keys = settings({
      KEY: setting(z.string().min(50), { description: 'A key.', secret: true }),
      WORD: setting(oneOf('a', 'b'), { description: 'A word.' }),
    })
    const env = { KEY: 'hunter2', WORD: 'x'.repeat(10_000) }
    const message = await failureOf(keys.read({ env, mode: 'test' }))
    expect(message).toContain('KEY is invalid (value hidden, because it is a secret).')
    expect(message).not.toContain('hunter2')
    expect(message.length).toBeLessThan(500)
  })

  test('settings never show values whose names or forms suggest a secret', async () => {
    const leaky = settings({
      API_TOKEN: setting(oneOf('a'), { description: 'A token.' }),
      TARGET: setting(url('https'), { description: 'A target.' }),
    })
    const env = { API_TOKEN: 'hunter2', TARGET: 'http://user:hunter2@host.test' }
    const message = await failureOf(leaky.read({ env, mode: 'test' }))
    expect(message).toContain('API_TOKEN is invalid (value hidden, because it is a secret).')
    expect(message).toContain('TARGET is "http://user:[redacted]@host.test".')
    expect(message).not.toContain('hunter2')
  })

  test('settings report where an invalid value comes from', async () => {
    const one = settings({
      COLOR: setting(oneOf('a'), { description: 'A color.' }),
      MODE: setting(oneOf('a'), { description: 'A mode.', default: 'b' }),
    })
    const originOf = (): string => '.env'
    expect(await one.check({ env: { COLOR: 'x' }, mode: 'test', originOf })).toEqual([
      'COLOR (from .env) is "x". It must be one of a. A color.',
      'The default of MODE is "b". It must be one of a. A mode.',
    ])
  })

  test('a missing setting is compared with similar names that are set', async () => {
    const hintOf = async (name: string, env: Record<string, string>): Promise<string | undefined> => {
      const declarations = { [name]: setting(text(), { description: 'It.' }) }
      const other = { DB_B: setting(text(), { description: 'Another.' }) }
      const [issue] = await settings({ ...declarations, ...other }).check({ env, mode: 'test' })
      return / It\. Did you mean (\w+), which is set\?$/.exec(issue!)?.[1]
    }
    expect(await hintOf('MAIL_KEY', { MAILKEY: 'x' })).toBe('MAILKEY')
    expect(await hintOf('MAIL_KEY', { mail_key: 'x' })).toBe('mail_key')
    expect(await hintOf('MAIL_KEY', { MAIL_KEY_FIEL: '/x' })).toBe('MAIL_KEY_FIEL')
    expect(await hintOf('MAIL_KEY', { MAIL_KYE: '' })).toBeUndefined()
    expect(await hintOf('MAIL_KEY', { MAIL_KEY_FILE: '/gone' })).toBeUndefined()
    expect(await hintOf('DB_A', { DB_B: 'x' })).toBeUndefined()
    expect(await hintOf('KEY', { PWD: '/', KEPT: 'x' })).toBeUndefined()
  })

  test('settings may be omitted if their schema allows it', async () => {
    const lenient = settings({
      LIMIT: setting(z.int().default(5), { description: 'A limit.' }),
      REGIONS: setting(z.array(z.string()).nullable().optional(), { description: 'Regions.' }),
      KEY: setting(z.string().optional(), { description: 'A key.', secret: true }),
      NAME: setting(z.coerce.string(), { description: 'A name.' }),
    })
    const values = await lenient.read({ env: { NAME: 'x' }, mode: 'production' })
    expectTypeOf(values.KEY).toEqualTypeOf<Secret<string> | undefined>()
    expect(values).toEqual({ LIMIT: 5, REGIONS: undefined, KEY: undefined, NAME: 'x' })
    expect(await lenient.read({ env: { NAME: 'x', REGIONS: 'eu, us' }, mode: 'test' })).toMatchObject({
      REGIONS: ['eu', 'us'],
    })
    expect(await failureOf(lenient.read({ env: {}, mode: 'test' }))).toBe(
      'NAME is not set. It must be a string. A name.',
    )
    const defaults = lenient.descriptions.map((described) => described.default)
    expect(defaults).toEqual(['5', 'none', 'none', undefined])
  })

  test('settings may have a schema that JSON Schema cannot express', async () => {
    const dated = settings({ SINCE: setting(z.coerce.date(), { description: 'A day.' }) })
    expect(await dated.read({ env: { SINCE: '2026-01-31' }, mode: 'test' })).toEqual({
      SINCE: new Date('2026-01-31'),
    })
  })

  test('settings with an asynchronous or a throwing schema do not hide other problems', async () => {
    const fail = (given: string): string => {
      throw new TypeError(`cannot take ${given}`)
    }
    const odd = settings({
      SLOW: setting(
        z.string().refine(async (given) => given === 'y', 'has to be y'),
        { description: 'Slow.' },
      ),
      BROKEN: setting(z.string().transform(fail), { description: 'Broken.' }),
      HIDDEN: setting(z.string().transform(fail), { description: 'Hidden.', secret: true }),
      // `z.any()` accepts `undefined`, so the transformation throws when the setting is declared.
      ANYTHING: setting(z.any().transform(fail), { description: 'Anything.' }),
    })
    const env = { SLOW: 'x', BROKEN: 'this', HIDDEN: 'hunter2' }
    expect(await odd.check({ env, mode: 'test' })).toEqual([
      'SLOW is "x". It must be a string. Slow. (has to be y)',
      'BROKEN is "this". It must be a string. Broken. (Its schema threw: TypeError: cannot take this)',
      'HIDDEN is invalid (value hidden, because it is a secret). It must be a string. Hidden.',
      'ANYTHING is not set. It must be a value that matches its schema. Anything.',
    ])
  })

  test('settings describe the valid values of any schema', () => {
    const described = settings({
      A: setting(z.int(), { description: '.' }),
      B: setting(z.number().min(0.5), { description: '.' }),
      C: setting(z.string().min(3).max(9), { description: '.' }),
      D: setting(z.email(), { description: '.' }),
      E: setting(z.array(z.int().min(1).max(2)), { description: '.' }),
      F: setting(z.union([z.literal('auto'), z.int().min(1).max(9)]), { description: '.' }),
      G: setting(z.int().min(1).max(2).nullable(), { description: '.' }),
      H: setting(sizeBytes(), { description: '.' }),
    }).descriptions.map(({ valid }) => valid)
    expect(described).toEqual([
      'an integer',
      'a number of at least 0.5',
      'a string of at least 3 and at most 9 characters',
      'an email address',
      'a comma-separated list, each item an integer from 1 to 2',
      '"auto", or an integer from 1 to 9',
      'an integer from 1 to 2',
      'a number and a unit of size: 512B, 64KiB, 1MiB or 2GB',
    ])
  })

  test('settings do not show the default of a secret', () => {
    const { descriptions } = settings({
      KEY: setting(text(), { description: 'A key.', secret: true, default: 'hunter2' }),
    })
    expect(settingsTable(descriptions)).not.toContain('hunter2')
  })

  test('settings are printed as a table', () => {
    expect(settingsTable(declared.descriptions.slice(0, 2))).toBe(
      [
        '| variable           | description                  | valid values            | default  |',
        '| ------------------ | ---------------------------- | ----------------------- | -------- |',
        '| `API_KEY` (secret) | The key of the payments API. | a string                | required |',
        '| `LIMIT`            | How many at once.            | an integer from 1 to 50 | 5        |',
      ].join('\n'),
    )
  })
})

describe('a secret', () => {
  const secret = new Secret('hunter2')

  test.each([
    ['a template', () => `${secret as unknown as string}`],
    ['concatenation', () => 'the key is ' + String(secret)],
    ['JSON', () => JSON.stringify({ key: secret })],
    ['the console', () => inspect({ key: secret, list: [secret] }, { depth: 9, showHidden: true })],
    [
      'its properties',
      () => JSON.stringify([Object.entries(secret), Reflect.ownKeys(secret), Object.assign({}, secret)]),
    ],
    ['a clone', () => inspect(structuredClone({ key: secret }), { showHidden: true })],
    [
      'the console, if it ignores the method of the secret',
      () => inspect(secret, { customInspect: false, showHidden: true }),
    ],
    ['a log line', () => logged(secret)],
    ['an error', () => inspect(new TypeError(`no ${secret as unknown as string}`, { cause: secret }))],
  ])('a secret is hidden in %s', (_where, show) => {
    expect(show()).not.toContain('hunter2')
  })

  test('a secret is revealed on request', () => {
    expect(secret.reveal()).toBe('hunter2')
  })
})

function logged(value: unknown): string {
  const lines: string[] = []
  createLogger({ write: (line) => lines.push(line) }).info({ value }, 'a line')
  return lines.join('\n')
}

describe('a service', () => {
  const { query, service } = holdfast({ settings: declared })
  const readLimit = query({
    route: 'GET /limit',
    access: anyone('a test'),
    output: z.object({ limit: z.int() }),
    run({ settings: { LIMIT, API_KEY } }) {
      expectTypeOf(LIMIT).toEqualTypeOf<number>()
      expectTypeOf(API_KEY).toEqualTypeOf<Secret<string>>()
      return { limit: LIMIT }
    },
  })
  const configured = service({ name: 'configured', operations: { readLimit } })
  const start = (env: Record<string, string>) => configured.start(testHost({ env }))

  test('a service passes its configuration to its handlers', async () => {
    const running = await start({ API_KEY: 'k', LIMIT: '9' })
    const answer = await running.call({
      operation: 'readLimit',
      input: { path: {}, query: {}, body: undefined },
      header: () => undefined,
    })
    expect(answer.body).toBe('{"limit":9}')
    await running.stop()
  })

  test('a service does not start without its configuration', async () => {
    await expect(start({})).rejects.toMatchObject({ code: 'configuration-invalid' })
  })
})
