import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRedactor } from './redact.ts'

const redactor = createRedactor(['email', 'Tax-ID'])

describe('a redactor', () => {
  test.each([
    'password',
    'PASSWORD',
    'api_key',
    'apiKey',
    'X-Api-Key',
    'Set-Cookie',
    'authorization',
    'email',
    'taxId',
    'TAX_ID',
  ])('knows %s', (name) => {
    const expected = name === 'X-Api-Key' ? false : true
    expect(redactor.isSensitive(name)).toBe(expected)
  })

  test.each(['tokens', 'emailed', 'secretary', 'id', 'key', ''])('leaves %j alone', (name) => {
    expect(redactor.isSensitive(name)).toBe(false)
  })

  test('hides at any depth, and keeps what is not there as it is', () => {
    expect(
      redactor.fields({
        user: { email: 'ada@example.org', name: 'Ada', password: null },
        list: [{ token: ['a', 'b'] }, 'plain'],
        map: new Map([['k', { secret: 1 }]]),
      }),
    ).toEqual({
      user: { email: '[redacted]', name: 'Ada', password: null },
      list: [{ token: '[redacted]' }, 'plain'],
      map: [['k', { secret: '[redacted]' }]],
    })
  })

  test('takes what JSON cannot say', () => {
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

  test('describes errors with their causes, and hides in them', () => {
    const error = new TypeError('postgres://app:hunter2@db/app is gone', { cause: { password: 'hunter2' } })
    const shown = redactor.fields({ error })
    expect(shown).toMatchObject({
      error: { name: 'TypeError', message: 'postgres://app:[redacted]@db/app is gone' },
    })
    expect(JSON.stringify(shown)).not.toContain('hunter2')
  })

  test.each([
    ['redis://:p4ss@cache:6379/0 failed', 'redis://:[redacted]@cache:6379/0 failed'],
    ['Authorization: Bearer abc.def-123', 'Authorization: Bearer [redacted]'],
    ['see https://example.org/a:b@c', 'see https://example.org/a:b@c'],
    ['a bearer of news', 'a bearer of news'],
  ])('masks what is secret in %j', (text, expected) => {
    expect(redactor.text(text)).toBe(expected)
  })

  test('never shows what stands under a declared name, however it is nested', () => {
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
