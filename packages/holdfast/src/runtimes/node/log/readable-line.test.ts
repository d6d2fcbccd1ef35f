import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { toReadable } from './readable-line.ts'

test('a readable line begins with the message', () => {
  const line = JSON.stringify({
    level: 'info',
    time: '2026-01-02T03:04:05.678Z',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    size: 200,
    note: 'two words',
    id: 'a-1',
    msg: 'GET /\u001B[2Jthings',
  })
  expect(stripVTControlCharacters(toReadable(line))).toMatch(
    /^\d\d:\d\d:\d\d info {2}GET \/things size=200 note="two words" id=a-1\n$/,
  )
})

test('a readable line shows the stack of an error and of its causes', () => {
  const line = JSON.stringify({
    level: 'error',
    time: '2026-01-02T03:04:05.678Z',
    error: {
      name: 'TypeError',
      message: 'broken',
      stack: 'TypeError: broken\n    at a.ts:1',
      cause: { message: 'deeper' },
    },
    msg: 'call failed',
  })
  expect(stripVTControlCharacters(toReadable(line)).split('\n').slice(1)).toEqual([
    'TypeError: broken',
    '    at a.ts:1',
    'caused by: deeper',
    '',
  ])
})

test('a readable line shows the errors of an AggregateError', () => {
  const line = JSON.stringify({
    level: 'error',
    time: '2026-01-02T03:04:05.678Z',
    error: { stack: 'AggregateError: ', errors: [{ message: 'one address' }, { message: 'the other' }] },
    msg: 'no connection',
  })
  expect(stripVTControlCharacters(toReadable(line)).split('\n').slice(1)).toEqual([
    'AggregateError: ',
    'one of them: one address',
    'one of them: the other',
    '',
  ])
})

test.each(['text', 5, null])('a readable line shows an error that is %j', (error) => {
  const line = JSON.stringify({ level: 'warn', time: '2026-01-02T03:04:05.678Z', error, msg: 'odd' })
  expect(stripVTControlCharacters(toReadable(line)).split('\n').slice(1)).toEqual([String(error), ''])
})
