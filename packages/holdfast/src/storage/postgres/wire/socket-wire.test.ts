import pg from 'pg'
import { expect, test } from 'vitest'
import { FrameReader } from './frame-reader.ts'
import {
  message,
  int16,
  int32,
  parsed,
  bound,
  ready,
  complete,
  described,
  row,
  failure,
  int4,
  text,
  json,
  answer,
  rows,
  Wired,
} from './wired.fixture.ts'

test('an answer is read correctly if it is split at any byte', () => {
  for (let cut = 0; cut < answer.length; cut += 1) {
    const wired = new Wired()
    wired.send('select')
    wired.read(answer, [cut])
    expect(wired.broken).toBeUndefined()
    expect(wired.outcomes).toMatchObject([{ command: 'SELECT', rowCount: 2, oid: null, rows }])
    expect(wired.wire.transactionStatus).toBe('T')
  }
})

test('an answer is read correctly if it arrives byte by byte', () => {
  const wired = new Wired()
  wired.send('select')
  wired.read(
    answer,
    Array.from(answer, (_byte, index) => index),
  )
  expect(wired.outcomes).toMatchObject([{ rows }])
})

test('the length in a header reserves no memory', () => {
  const reader = new FrameReader(() => {})
  reader.read(Buffer.concat([Buffer.from('D'), int32(0x3fff_ff00), Buffer.alloc(100)]))
  expect(reader.reservedBytes).toBeLessThan(1_000)
  for (let n = 0; n < 100; n += 1) reader.read(Buffer.alloc(1_000))
  expect(reader.reservedBytes).toBeLessThan(3 * 100_000)
})

test.each<[string, Buffer]>([
  ['an unknown type', message('y')],
  ['a length below that of a header', Buffer.from([0x44, 0, 0, 0, 3, 0])],
  ['a length that no message has', Buffer.from([0x44, 0xff, 0xff, 0xff, 0xff])],
  ['a long message of a type that is always short', Buffer.concat([Buffer.from('C'), int32(40_000)])],
  ['a row before its columns', Buffer.concat([parsed, bound, row('1')])],
  ['BindComplete before ParseComplete', bound],
  ['the end before the answer', ready('I')],
  ['an answer twice', Buffer.concat([parsed, parsed])],
  ['NoData for a simple query', message('n')],
  ['a row with fewer columns', Buffer.concat([parsed, bound, described({ a: text, b: text }), row('1')])],
  ['a row with more columns', Buffer.concat([parsed, bound, described({ a: text }), row('1', '2')])],
  [
    'a row that announces more columns than it has',
    Buffer.concat([parsed, bound, described({ a: text }), message('D', int16(2), int32(1), '1')]),
  ],
  [
    'a value that is longer than its row',
    // The truncated JSON does not parse. Without the length check, only this statement would fail,
    // instead of the whole connection.
    Buffer.concat([parsed, bound, described({ a: json }), message('D', int16(1), int32(5), 'abc')]),
  ],
  [
    'a negative length of a value',
    Buffer.concat([parsed, bound, described({ a: text }), message('D', int16(1), int32(-2))]),
  ],
  [
    'bytes after the last value',
    Buffer.concat([parsed, bound, described({ a: text }), message('D', int16(1), int32(1), 'ab')]),
  ],
  ['columns without an end', Buffer.concat([parsed, bound, message('T', int16(2), 'name')])],
  ['an unknown status', Buffer.concat([parsed, bound, message('n'), complete('SELECT'), ready('X')])],
  ['an error without an end', message('E', 'SERROR\0')],
  [
    'an answer after the last one',
    Buffer.concat([parsed, bound, message('n'), complete('X'), complete('X')]),
  ],
])('%s breaks the connection', (_what, bytes) => {
  const wired = new Wired()
  wired.send('select')
  wired.send('select 2')
  wired.read(bytes)
  expect(wired.broken).toMatchObject({ name: 'ProtocolViolation' })
  expect(wired.outcomes).toEqual([wired.broken, wired.broken])
})

test('after a violation, every further statement fails', async () => {
  const wired = new Wired()
  wired.read(message('y'))
  wired.send('select')
  expect(wired.outcomes).toEqual(['open'])
  await new Promise(setImmediate)
  expect(wired.outcomes).toEqual([wired.broken])
  expect(wired.written).toEqual([])
})

test('after a violation, nothing more is read', () => {
  const wired = new Wired()
  wired.handedOver.length = 0
  wired.read(message('y'))
  wired.read(message('N', 'SNOTICE\0\0'))
  expect(wired.handedOver).toEqual([])
})

test.each(['G', 'H', 'W'])('COPY (%s) is refused, and breaks the connection', (type) => {
  const wired = new Wired()
  wired.send('copy t from stdin')
  wired.read(Buffer.concat([parsed, bound, message('n'), message(type, Buffer.from([0]), int16(0))]))
  expect(wired.outcomes).toMatchObject([{ code: 'copy-refused' }])
  expect(wired.broken).toBe(wired.outcomes[0])
})

const division = {
  S: 'FEHLER', V: 'ERROR', C: '22012', M: 'division by zero', D: 'detail', H: 'hint', P: '8', p: '2', q: 'query',
  W: 'where', s: 'schema', t: 'table', c: 'column', d: 'type', n: 'constraint', F: 'int.c', L: '841', R: 'int4div',
} // prettier-ignore

test("an error has the same class and fields as the driver's errors", () => {
  const wired = new Wired()
  wired.send('select')
  wired.read(failure(division))
  // The error is reported only when the session is ready again, because only then is the
  // transaction status known.
  expect(wired.outcomes).toEqual(['open'])
  wired.read(ready('E'))
  expect(wired.outcomes[0]).toBeInstanceOf(pg.DatabaseError)
  expect({ ...(wired.outcomes[0] as object) }).toEqual({
    length: failure(division).length - 1, name: 'error', severity: 'FEHLER', code: '22012', detail: 'detail',
    hint: 'hint', position: '8', internalPosition: '2', internalQuery: 'query', where: 'where', schema: 'schema',
    table: 'table', column: 'column', dataType: 'type', constraint: 'constraint', file: 'int.c', line: '841',
    routine: 'int4div',
  }) // prettier-ignore
  expect(wired.outcomes[0]).toMatchObject({ message: 'division by zero' })
  expect(wired.wire.transactionStatus).toBe('E')
})

test('the rest of a group is skipped, and the next group is answered', () => {
  const wired = new Wired()
  wired.wire.together(() => {
    wired.wire.group(() => ['BEGIN', 'select', 'COMMIT'].forEach((each) => wired.send(each)))
    wired.send('select 2')
  })
  expect(wired.written).toHaveLength(1)
  wired.read(
    Buffer.concat([parsed, bound, message('n'), complete('BEGIN'), parsed, failure(division), ready('E')]),
  )
  expect(wired.outcomes).toMatchObject([
    { command: 'BEGIN' },
    { code: '22012' },
    { name: 'StatementSkipped', cause: { code: '22012' } },
    'open',
  ])
  wired.read(Buffer.concat([parsed, bound, message('n'), complete('SELECT 0'), ready('I')]))
  expect(wired.outcomes[3]).toMatchObject({ command: 'SELECT', rowCount: 0, rows: [], fields: [] })
})

test('an error after the last statement of a group fails that statement', () => {
  const wired = new Wired()
  wired.wire.group(() => ['select', 'COMMIT'].forEach((each) => wired.send(each)))
  const each = (tag: string): Buffer => Buffer.concat([parsed, bound, message('n'), complete(tag)])
  wired.read(
    Buffer.concat([each('SELECT 0'), each('COMMIT'), failure({ ...division, V: 'FATAL', C: '57P01' })]),
  )
  expect(wired.outcomes).toMatchObject([{ command: 'SELECT' }, { code: '57P01' }])
  expect(wired.broken).toMatchObject({ code: '57P01' })
})

test('a lost connection fails every statement, even in the middle of a row', () => {
  const wired = new Wired()
  wired.wire.group(() => ['select', 'COMMIT'].forEach((each) => wired.send(each)))
  wired.read(Buffer.concat([parsed, bound, message('n'), complete('SELECT 0'), Buffer.from([0x44, 0, 0])]))
  const lost = new Error('Connection terminated unexpectedly')
  wired.wire.end(lost)
  expect(wired.outcomes).toEqual([lost, lost])
})

test('the end of an idle session fails no statement', () => {
  const wired = new Wired()
  wired.read(failure({ ...division, V: 'FATAL', C: '57P01' }))
  expect(wired.broken).toMatchObject({ code: '57P01' })
})

test('notices, notifications and parameters are passed on at any time', () => {
  const asides = [
    message('N', 'SNOTICE\0\0'),
    message('A', int32(7), 'channel\0payload\0'),
    message('S', 'TimeZone\0UTC\0'),
  ]
  const wired = new Wired()
  wired.handedOver.length = 0
  wired.read(asides[1]!)
  wired.send('select')
  wired.read(Buffer.concat([asides[0]!, parsed, asides[1]!, bound, message('n'), asides[2]!]))
  wired.read(Buffer.concat([complete('SELECT 0'), asides[0]!, ready('I')]))
  expect(wired.handedOver).toEqual([asides[1], asides[0], asides[1], asides[2], asides[0]])
  expect(wired.outcomes).toMatchObject([{ command: 'SELECT' }])
})

test('rows beyond a limit are dropped, and their statement fails', () => {
  const wired = new Wired()
  const tooMany = new Error('too many rows')
  wired.send('select', { guard: { maxRows: 1, tooManyRows: () => tooMany } as never })
  wired.read(answer)
  expect(wired.tooManyRows).toBe(1)
  expect(wired.outcomes).toEqual([tooMany])
})

test('a value that its parser rejects fails only its statement', () => {
  const wired = new Wired()
  wired.send('select')
  wired.read(
    Buffer.concat([
      parsed,
      bound,
      described({ data: json }),
      row('{'),
      row('{}'),
      complete('SELECT 2'),
      ready('I'),
    ]),
  )
  expect(wired.outcomes).toEqual([expect.any(SyntaxError)])
  expect(wired.broken).toBeUndefined()
})

test('a column named __proto__ is a column', () => {
  const wired = new Wired()
  wired.send('select')
  const columns = Object.fromEntries([['__proto__', json]])
  wired.read(
    Buffer.concat([parsed, bound, described(columns), row('{"a":1}'), complete('SELECT 1'), ready('I')]),
  )
  const [{ rows: found }] = wired.outcomes as [{ rows: object[] }]
  expect(Object.getPrototypeOf(found[0])).toBe(Object.prototype)
  expect(Object.entries(found[0]!)).toEqual([['__proto__', { a: 1 }]])
})

test('a simple query may have several results; the last one counts', () => {
  const wired = new Wired()
  wired.send('select 1; select 2', { queryMode: undefined })
  const each = (value: string): Buffer =>
    Buffer.concat([described({ a: int4 }), row(value), complete('SELECT 1')])
  wired.read(Buffer.concat([complete('RESET'), each('1'), each('2'), ready('I')]))
  expect(wired.outcomes).toMatchObject([{ rows: [{ a: 2 }] }])
})

test('an empty text has an empty result', () => {
  const wired = new Wired()
  wired.send('')
  wired.read(Buffer.concat([parsed, bound, message('n'), message('I'), ready('I')]))
  expect(wired.outcomes).toEqual([{ command: null, rowCount: null, oid: null, rows: [], fields: [] }])
})
