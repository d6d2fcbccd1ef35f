import fc from 'fast-check'
import { pino } from 'pino'
import { expect, test, vi } from 'vitest'
import { jsonMembers, type Level, type LogFields, type Logger, severity } from '../../../kernel/base/log.ts'
import { createRedactor } from '../../../kernel/base/redact.ts'
import { redactedLog } from '../../../kernel/base/redacted-log.ts'
import { JsonLog } from './json-log.ts'

const levels = Object.keys(severity) as Level[]

/** A logger, as a service uses it, and the lines that it has written. */
interface Logged {
  readonly log: Logger
  readonly lines: string[]
}

function withJsonLog(): Logged {
  const lines: string[] = []
  const log = new JsonLog('debug', { write: (line) => void lines.push(line) })
  return { log: redactedLog(log, createRedactor()), lines }
}

/** The reference: the format of pino. */
function withPino(): Logged {
  const lines: string[] = []
  const log = pino(
    { level: 'debug', base: null, timestamp: false, formatters: { level: (label) => ({ level: label }) } },
    { write: (line) => void lines.push(line) },
  )
  return { log: redactedLog(log, createRedactor()), lines }
}

const afterLevel = /(?<=^\{"level":"\w+"),"time":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"/

class Money {
  readonly cents: number
  constructor(cents: number) {
    this.cents = cents
  }
  toJSON(): unknown {
    return this.cents > 50 ? { euros: this.cents / 100 } : this.cents
  }
}

const text = fc.string({ unit: 'binary', maxLength: 20 })
const loneSurrogate = fc
  .integer({ min: 0xd800, max: 0xdfff })
  .map((unit) => `a${String.fromCharCode(unit)}"\\`)
const error = fc
  .record({ message: text, cause: fc.option(text.map((message) => new RangeError(message))) })
  .map(({ message, cause }) => new TypeError(message, cause ? { cause } : {}))
const leaf = fc.oneof(
  text,
  loneSurrogate,
  error,
  fc.double(),
  fc.bigInt(),
  fc.boolean(),
  fc.constantFrom(null, undefined, Symbol('s'), () => 1, NaN, -0, new Date(0), new Date(NaN)),
  fc.uint8Array(),
  fc.integer({ max: 100 }).map((cents) => new Money(cents)),
)
// Names that pino treats specially are excluded. pino omits a child logger's field named like one
// of pino's options, and formats an error in a field `err` differently.
const name = fc
  .oneof(fc.constantFrom('level', 'time', 'msg', 'password', 'toJSON', '7', 'é'), text, loneSurrogate)
  .filter((each) => !['err', 'serializers', 'formatters', 'customLevels', '__proto__'].includes(each))
const fields = fc.dictionary(
  name,
  fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(name, tie('value'), { maxKeys: 4 }),
      fc.array(fc.tuple(text, tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
    ),
  })).value,
  { maxKeys: 6 },
) as fc.Arbitrary<LogFields>
const line = fc.record({
  level: fc.constantFrom(...levels),
  ofChildren: fc.array(fields, { maxLength: 2 }),
  ofLine: fc.option(fields),
  message: fc.oneof(text, loneSurrogate, fc.constant('100 %s of it')),
})

test('any line is, byte for byte, the line that pino writes', () => {
  fc.assert(
    fc.property(line, ({ level, ofChildren, ofLine, message }) => {
      const [own, reference] = [withJsonLog(), withPino()].map(({ log, lines }) => {
        const child = ofChildren.reduce((parent, each) => parent.child(each), log)
        if (ofLine) child[level](ofLine, message)
        else child[level](message)
        return lines.map((each) => each.replace(afterLevel, ''))
      })
      expect(own).toEqual(reference)
    }),
    { numRuns: 500 },
  )
})

test.each(levels)('with the min level %s, only lines of that level and above are written', (least) => {
  const lines: string[] = []
  const log = new JsonLog(least, { write: (written) => void lines.push(written) })
  const child = log.child({ part: 'a' })
  for (const level of levels) child[level]('written')
  const expected = levels.filter((level) => severity[level] >= severity[least])
  expect(lines.map((each) => (JSON.parse(each) as { level: Level }).level)).toEqual(expected)
  expect(levels.filter((level) => log.isLevelEnabled(level))).toEqual(expected)
})

test('fields that are already formatted are written unchanged', () => {
  const lines: string[] = []
  const log = new JsonLog('debug', { write: (line) => void lines.push(line) })
  log.info({ n: 1, [jsonMembers]: () => ',"n":1,"formatted":true' }, 'a line')
  expect(JSON.parse(lines[0]!)).toMatchObject({ n: 1, formatted: true, msg: 'a line' })
})

test('warnings and errors are urgent', () => {
  const urgent: boolean[] = []
  const log = new JsonLog('debug', { write: (_, isUrgent) => void urgent.push(isUrgent) })
  for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level]('a line')
  expect(urgent).toEqual([false, false, true, true])
})

test.each([0, 7, 42, 999, 1_764_540_000_000, 1_764_540_000_001, 1_764_539_999_999])(
  'a line at %i ms has that time',
  (nowMs) => {
    const lines: string[] = []
    const log = new JsonLog('debug', { write: (line) => void lines.push(line) })
    using now = vi.spyOn(Date, 'now').mockReturnValue(nowMs)
    log.info('a line')
    expect(now).toHaveBeenCalled()
    expect(JSON.parse(lines[0]!)).toEqual({
      level: 'info',
      time: new Date(nowMs).toISOString(),
      msg: 'a line',
    })
  },
)
