import { expect, test } from 'vitest'
import { MessageWriter } from './message-writer.ts'
import {
  answer,
  bound,
  complete,
  described,
  failure,
  int16,
  int32,
  int4,
  message,
  parsed,
  ready,
  row,
  rows,
  text,
  Wired,
} from './wired.fixture.ts'

const unwritable = {
  toString: () => {
    throw new RangeError('too large')
  },
}

test('a flush that cannot be written sends nothing, and fails all of its statements', async () => {
  const wired = new Wired()
  wired.send('select 1')
  expect(wired.written).toHaveLength(1)
  wired.wire.together(() => {
    wired.send('select 2')
    wired.send('select $1', { values: [unwritable] })
    wired.send('select 3')
  })
  expect(wired.outcomes).toEqual(['open', 'open', 'open', 'open'])
  await new Promise(setImmediate)
  expect(wired.written).toHaveLength(1)
  const refused = expect.objectContaining({ message: 'too large' })
  const ended = expect.objectContaining({ message: 'Connection terminated' })
  // The first statement has been sent, so its outcome is unknown.
  expect(wired.outcomes).toEqual([ended, refused, refused, refused])
  expect(wired.broken).toEqual(ended)
})

test('a flush that cannot be written leaves nothing in the flush of another session', async () => {
  const [wired, other] = [new Wired(), new Wired()]
  wired.send('insert into secrets values ($1)', { values: ['a secret', unwritable] })
  other.send('select 1')
  const alone = new Wired()
  alone.send('select 1')
  expect(other.written).toEqual(alone.written)
  await new Promise(setImmediate)
  expect(other.broken).toBeUndefined()
})

test('a message that is longer than the server accepts is not written', () => {
  const writer = new MessageWriter(1_000)
  writer.bind('', ['a'.repeat(900)])
  expect(() => writer.bind('', ['a'.repeat(1_000)])).toThrow(
    expect.objectContaining({ code: 'value-not-sendable' }),
  )
  writer.reset()
  expect(writer.take()).toHaveLength(0)
})

test('after the end of the session, the rest of a packet is not read', () => {
  const wired = new Wired()
  wired.send('select')
  wired.handedOver.length = 0
  const ending = failure({ S: 'FATAL', V: 'FATAL', C: '57P01', M: 'terminating connection' })
  wired.read(Buffer.concat([ending, message('N', 'SNOTICE\0\0'), ending, message('y')]))
  expect(wired.brokenTimes).toBe(1)
  expect(wired.broken).toMatchObject({ code: '57P01' })
  expect(wired.handedOver).toEqual([])
})

test('parsers that cannot be created fail only their statement', () => {
  const wired = new Wired()
  const types = {
    getTypeParser: () => {
      throw new TypeError('no parser')
    },
  }
  wired.send('select', { types: types as never })
  wired.send('select')
  wired.read(Buffer.concat([answer, answer]))
  expect(wired.outcomes).toMatchObject([{ message: 'no parser' }, { rows }])
  expect(wired.broken).toBeUndefined()
})

const binary = message('T', int16(1), 'a\0', int32(0), int16(0), int32(int4), int16(4), int32(-1), int16(1))

test('columns in the binary format fail only their statement', () => {
  const wired = new Wired()
  wired.send('fetch all from c', { queryMode: undefined })
  wired.send('select')
  wired.read(Buffer.concat([binary, row('\0\0\0\x01'), complete('FETCH 1'), ready('I'), answer]))
  expect(wired.outcomes).toMatchObject([{ code: 'statement-invalid' }, { rows }])
  expect(wired.broken).toBeUndefined()
})

const one = Buffer.concat([described({ a: int4 }), row('1')])

test('a simple query has the result of its last statement, even if that has no rows', () => {
  const wired = new Wired()
  wired.send('select 1; reset all', { queryMode: undefined })
  wired.read(Buffer.concat([one, complete('SELECT 1'), complete('RESET'), ready('I')]))
  expect(wired.outcomes).toMatchObject([{ command: 'RESET', rows: [], fields: [] }])
})

test.each([
  ['a row after the end of its statement', [one, complete('SELECT 1'), row('2')]],
  ['the end before that of the last statement', [one, complete('SELECT 1'), one, ready('I')]],
  ['ParseComplete', [parsed]],
  ['BindComplete', [bound]],
  ['a result after an error', [failure({ S: 'ERROR', C: '22012' }), one]],
])('within a simple query, %s breaks the connection', (_what, messages) => {
  const wired = new Wired()
  wired.send('select 1; select 2', { queryMode: undefined })
  wired.read(Buffer.concat(messages))
  expect(wired.broken).toMatchObject({ name: 'ProtocolViolation' })
})

test('the columns of a prepared statement cannot be changed through a result', () => {
  const wired = new Wired()
  wired.send('select', { name: 'one' })
  wired.read(Buffer.concat([parsed, bound, described({ a: text }), complete('SELECT 0'), ready('I')]))
  const [{ fields }] = wired.outcomes as [{ fields: { name: string }[] }]
  expect(() => fields.pop()).toThrow(TypeError)
  expect(() => (fields[0]!.name = 'b')).toThrow(TypeError)
})
