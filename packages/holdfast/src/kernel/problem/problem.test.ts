import { anyone, holdfast, problem, ProblemError, type ProblemOf } from 'holdfast'
import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { bodyOf, call, startService } from '../service/start-service.fixture.ts'

const TooFew = problem('too-few', {
  status: 409,
  title: 'There are too few',
  extra: z.object({ left: z.int() }),
  headers: { 'x-shop': 'open' },
})
const Gone = problem('gone', { status: 410, title: 'It is gone' })

const { query } = holdfast()
const output = z.object({})
const thrower = (make: () => Error, problems: readonly (typeof TooFew | typeof Gone)[] = [TooFew, Gone]) =>
  query({
    route: 'GET /throw',
    access: anyone('a test'),
    output,
    problems,
    run: () => {
      throw make()
    },
  })

describe('a problem', () => {
  test('a problem is sent in the format of RFC 9457', async () => {
    const fails = thrower(() =>
      TooFew({ left: 2, detail: 'Only two are left.', secret: 1 } as { left: number }),
    )
    const answer = await call(await startService({ fails }), 'fails')
    expect(answer.status).toBe(409)
    expect(answer.headers).toEqual({ 'content-type': 'application/problem+json', 'x-shop': 'open' })
    expect(bodyOf(answer)).toEqual({
      type: '/problems/too-few',
      title: 'There are too few',
      status: 409,
      detail: 'Only two are left.',
      left: 2,
      code: 'too-few',
      requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    })
  })

  test('a problem has typed members', () => {
    expectTypeOf(TooFew).parameters.toEqualTypeOf<
      [members: { left: number } & { readonly detail?: string }]
    >()
    expectTypeOf(TooFew({ left: 1 }).extra).toEqualTypeOf<{ left: number }>()
    expectTypeOf<ProblemOf<typeof TooFew | typeof Gone>['code']>().toEqualTypeOf<'too-few' | 'gone'>()
    expect(Gone()).toBeInstanceOf(ProblemError)
    // @ts-expect-error: the member is missing
    expect(() => TooFew({})).not.toThrow()
  })

  test('an undeclared problem is a defect outside of production; in production it is sent, and logged as a warning', async () => {
    const lines: string[] = []
    const fails = thrower(() => Gone(), [TooFew])
    const onLog = (line: string): void => void lines.push(line)
    expect((await call(await startService({ fails }, { onLog }), 'fails')).status).toBe(500)
    expect(lines.join('\n')).toMatch(/threw the problem \\"gone\\", which it does not declare/)
    lines.length = 0
    expect((await call(await startService({ fails }, { onLog, mode: 'production' }), 'fails')).status).toBe(
      410,
    )
    expect(lines.join('\n')).toContain('"level":"warn"')
  })
})

test('an error that is not a problem becomes internal-error, with its cause only in the log', async () => {
  const lines: string[] = []
  const fails = thrower(() => new TypeError('the password is 12345'))
  const answer = await call(await startService({ fails }, { onLog: (line) => lines.push(line) }), 'fails')
  expect(bodyOf(answer)).toMatchObject({ status: 500, code: 'internal-error' })
  expect(answer.body).not.toContain('12345')
  expect(lines.join('\n')).toContain('the password is 12345')
})
