import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LogFields } from './log.ts'
import { createRedactor } from './redact.ts'

const redactor = createRedactor(['email', 'Tax-ID'])

function revoked(): LogFields {
  const { proxy, revoke } = Proxy.revocable<LogFields>({}, {})
  revoke()
  return proxy
}

describe('a redactor', () => {
  test.each([
    'password',
    'PASSWORD',
    'api_key',
    'apiKey',
    'X-Api-Key',
    'x-auth-token',
    'newPassword',
    'STRIPE_SECRET_KEY',
    'PGPASSWORD',
    'Set-Cookie',
    'authorization',
    'email',
    'taxId',
    'TAX_ID',
  ])('a redactor hides %s', (name) => {
    expect(redactor.isSensitive(name)).toBe(true)
  })

  test.each(['tokens', 'emailed', 'xemail', 'secretary', 'nextPageToken', 'id', 'key', ''])(
    'a redactor keeps %j',
    (name) => {
      expect(redactor.isSensitive(name)).toBe(false)
    },
  )

  test('a redactor hides values at any depth, and leaves its input unchanged', () => {
    expect(
      redactor.fields({
        user: { email: 'ada@example.org', name: 'Ada', password: null },
        list: [{ token: ['a', 'b'] }, 'plain'],
        map: new Map<string, unknown>([
          ['k', { secret: 1 }],
          ['password', 'x'],
        ]),
        headers: { 'x-api-key': 'x' },
      }),
    ).toEqual({
      user: { email: '[redacted]', name: 'Ada', password: null },
      list: [{ token: '[redacted]' }, 'plain'],
      map: [
        ['k', { secret: '[redacted]' }],
        ['password', '[redacted]'],
      ],
      headers: { 'x-api-key': '[redacted]' },
    })
  })

  test('a redactor accepts values that JSON cannot represent', () => {
    const circle: Record<string, unknown> = { size: 10n, bytes: new Uint8Array(3), when: new Date(0) }
    circle['self'] = circle
    const odd = {
      get broken(): never {
        throw new TypeError('no')
      },
      toJSON: undefined,
      call() {},
    }
    expect(JSON.parse(JSON.stringify(redactor.fields({ circle, odd })))).toEqual({
      circle: { size: '10', bytes: '[3 bytes]', when: '1970-01-01T00:00:00.000Z', self: '[circular]' },
      odd: { broken: '[unreadable]', call: '[function]' },
    })
  })

  test.each([
    [
      'a getter of toJSON that throws',
      {
        get toJSON(): never {
          throw new TypeError('no')
        },
      },
    ],
    [
      'a toJSON that throws',
      {
        toJSON() {
          throw new TypeError('no')
        },
      },
    ],
    ['a proxy that was revoked', revoked()],
    [
      'an error whose message cannot be read',
      Object.defineProperty(new TypeError('x'), 'message', {
        get() {
          throw new TypeError('no')
        },
      }),
    ],
  ])('a redactor accepts %s', (_what, broken) => {
    expect(redactor.fields({ broken, size: 1 })).toEqual({ broken: '[unreadable]', size: 1 })
  })

  test('a redactor accepts fields whose getters throw', () => {
    expect(redactor.fields(revoked())).toEqual({ fields: '[unreadable]' })
  })

  test('a redactor accepts an error instead of fields', () => {
    const error = new TypeError('x') as unknown as LogFields
    expect(redactor.fields(error)).toMatchObject({ error: { name: 'TypeError', message: 'x' } })
  })

  test('a redactor omits values that are too large', () => {
    let wide: unknown = 'leaf'
    for (let depth = 0; depth < 7; depth += 1) wide = Array.from({ length: 8 }, () => wide)
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, n) => [`name${n}`, n]))
    for (const fields of [{ wide }, { many }, { list: Array(1e9) }]) {
      const line = JSON.stringify(redactor.fields(fields))
      expect(line.length).toBeLessThan(60_000)
      expect(line).toContain('[omitted]')
    }
  })

  test('a redactor runs in time proportional to the length of a text', () => {
    const startMs = performance.now()
    redactor.text(`${'a'.repeat(1_000_000)} ://`)
    redactor.text(`://${':@'.repeat(500_000)} Bearer${' '.repeat(1_000_000)}`)
    // A backtracking pattern takes quadratic time: 11 s for a tenth of this length, and therefore
    // 1,100 s for the whole text.
    expect(performance.now() - startMs).toBeLessThan(100_000)
  })

  test('a redactor describes errors with their causes, and hides values in them', () => {
    const error = new TypeError('postgres://app:hunter2@db/app is gone', { cause: { password: 'hunter2' } })
    const redactedText = redactor.fields({ error })
    expect(redactedText).toMatchObject({
      error: { name: 'TypeError', message: 'postgres://app:[redacted]@db/app is gone' },
    })
    expect(JSON.stringify(redactedText)).not.toContain('hunter2')
  })

  test.each([
    ['redis://:p4ss@cache:6379/0 failed', 'redis://:[redacted]@cache:6379/0 failed'],
    ['postgres://app:p@ss@db/app', 'postgres://app:[redacted]@db/app'],
    ['postgres://app:p4ss@/app?host=/run/pg', 'postgres://app:[redacted]@/app?host=/run/pg'],
    ['socket://app:p4ss@/run/pg?db=app', 'socket://app:[redacted]@/run/pg?db=app'],
    ['AUTHORIZATION: BEARER abc.def-123', 'AUTHORIZATION: BEARER [redacted]'],
    ['Authorization: Bearer abc.def-123', 'Authorization: Bearer [redacted]'],
    ['see https://example.org/a:b@c', 'see https://example.org/a:b@c'],
    ['a bearer of news', 'a bearer of news'],
  ])('a redactor masks the secret in %j', (text, expected) => {
    expect(redactor.text(text)).toBe(expected)
  })

  test('a redactor hides every value under a declared name, at any depth', () => {
    const secret = 'the-one-that-nobody-reads'
    const name = fc.constantFrom('password', 'Email', 'tax_id', 'API-KEY', 'cookie')
    const hidden = fc.record({ name, value: fc.constantFrom<unknown>(secret, [secret], { deep: secret }) })
    const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 6 },
        hidden.map((pair) => ({ [pair.name]: pair.value })),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(fc.string(), tie('tree'), { maxKeys: 3 }),
        tie('tree').map((value) => new Map([['key', value]])),
        tie('tree').map((value) => new Set([value])),
        tie('tree').map((value) => new AggregateError([value])),
        hidden.map((pair) => new Map([[pair.name, pair.value]])),
        tie('tree').map((value) => new TypeError('wrapped', { cause: value })),
        fc.jsonValue(),
      ),
    }))
    fc.assert(
      fc.property(tree, (value) => {
        expect(JSON.stringify(redactor.fields({ value }))).not.toContain(secret)
      }),
    )
  })
})

test.each(['MAIL_TOKEN', 'csrfToken', 'SENTRY_DSN', 'sessionId', 'signingKey', 'dbPass', 'otp'])(
  'the value of %s is not shown',
  (name) => {
    expect(createRedactor().fields({ [name]: 'value' })).toEqual({ [name]: '[redacted]' })
  },
)

test.each(['nextPageToken', 'compass', 'primaryKey', 'topic'])('the value of %s is shown', (name) => {
  expect(createRedactor().fields({ [name]: 'value' })).toEqual({ [name]: 'value' })
})

test('a value after a sensitive name in a text is hidden', () => {
  const redactedText = createRedactor().text('GET /a?api_key=abc&page=2 with password=hunter2; token=x')
  expect(redactedText).toBe('GET /a?api_key=[redacted]&page=2 with password=[redacted]; token=[redacted]')
  expect(createRedactor().text('?sslkey=/k&sslpassword=hunter2')).toBe('?sslkey=/k&sslpassword=[redacted]')
})
