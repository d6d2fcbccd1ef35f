import { createLogger } from 'holdfast'
import { expect, test } from 'vitest'
import { logLevels, toLogFields } from './log.ts'

const written = (write: (log: ReturnType<typeof createLogger>) => void): unknown[] => {
  const lines: string[] = []
  write(createLogger({ level: 'info', fields: { service: 's' }, write: (line) => lines.push(line) }))
  return lines.map((line) => JSON.parse(line) as unknown)
}

test('a line is one JSON object, with the fields of its logger and its own fields', () => {
  const lines = written((log) => {
    log.debug('below the level')
    log.child({ call: 1n }).warn({ error: new TypeError('x', { cause: 'y' }) }, 'careful\nnow')
  })
  expect(lines).toEqual([
    {
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-.*Z$/),
      service: 's',
      call: '1',
      error: { name: 'TypeError', message: 'x', stack: expect.any(String), cause: { message: 'y' } },
      msg: 'careful\nnow',
    },
  ])
})

test('values that JSON cannot represent never make a line fail', () => {
  const circle: Record<string, unknown> = {}
  circle['self'] = circle
  expect(written((log) => log.info({ circle }, 'round'))).toMatchObject([
    { msg: 'round', unloggable: expect.stringContaining('circular') },
  ])
})

test('an error that is its own cause is described once', () => {
  const error = new TypeError('again')
  error.cause = error
  expect(JSON.stringify(toLogFields(error)).match(/"message":"again"/g)?.length).toBeLessThan(12)
})

test('an AggregateError is described with its errors', () => {
  const error = new AggregateError([new TypeError('one address'), 'text'])
  expect(toLogFields(error)).toMatchObject({
    message: '',
    errors: [{ name: 'TypeError', message: 'one address' }, { message: 'text' }],
  })
  const ofItself = new AggregateError([])
  ofItself.errors.push(...Array.from({ length: 10 }, () => ofItself))
  expect(JSON.stringify(toLogFields(ofItself)).match(/"name"/g)?.length).toBeLessThan(30)
})

test('a thrown value of any type is described', () => {
  const bare = Object.assign(Object.create(null) as object, { reason: 'bare' })
  expect(toLogFields(bare)).toEqual({ thrown: bare })
  expect([toLogFields('text'), toLogFields(undefined), toLogFields(Symbol('s'))]).toEqual([
    { message: 'text' },
    { message: 'undefined' },
    { message: 'Symbol(s)' },
  ])
})

test('a logger can be built from one function for all levels', () => {
  const lines: unknown[] = []
  const log = logLevels((...line) => lines.push(line))
  log.debug('one')
  log.info({ a: 1 }, 'two')
  log.warn('three')
  log.error({ b: 2 }, 'four')
  expect(lines).toEqual([
    ['debug', undefined, 'one'],
    ['info', { a: 1 }, 'two'],
    ['warn', undefined, 'three'],
    ['error', { b: 2 }, 'four'],
  ])
})
