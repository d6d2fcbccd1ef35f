import { Writable } from 'node:stream'
import { anyone, fromWinston, holdfast, type Logger } from 'holdfast'
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import winston from 'winston'
import { z } from 'zod'
import { serveForTest } from './serve.fixture.ts'

type Line = Readonly<Record<string, unknown>>

/** A stream, and the JSON lines written to it. */
function collect(): { readonly stream: Writable; readonly lines: Line[] } {
  const lines: Line[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      for (const line of chunk.toString().split('\n')) if (line !== '') lines.push(JSON.parse(line) as Line)
      done()
    },
  })
  return { stream, lines }
}

function withPino(level: string): { readonly log: Logger; readonly lines: Line[] } {
  const { stream, lines } = collect()
  const formatters = { level: (label: string) => ({ level: label }) }
  return { log: pino({ level, messageKey: 'message', base: null, formatters }, stream), lines }
}

function withWinston(
  level: string,
  options: winston.LoggerOptions = {},
): { readonly log: Logger; readonly lines: Line[] } {
  const { stream, lines } = collect()
  const transports = [new winston.transports.Stream({ stream })]
  return { log: fromWinston(winston.createLogger({ level, transports, ...options })), lines }
}

const { query, service } = holdfast()

const report = query({
  route: 'GET /reports/{name}',
  access: anyone('a test'),
  input: z.object({ name: z.string() }),
  output: z.object({ ok: z.boolean() }),
  run({ input, log }) {
    log.debug('without fields')
    log.info({ name: input.name, taxId: 'DE1', nested: { password: 'x' }, count: 2n }, '100 %s of it')
    log.warn({ error: new TypeError('odd', { cause: new Error('root, token=abc') }) }, 'careful')
    log.error({ level: 1, msg: 'm' }, 'postgres://app:secret@db/app')
    log.child({ part: 'a', apiKey: 'k' }).child({ row: 1 }).info({ done: true }, 'from a child')
    return { ok: true }
  },
})
const reports = service({ name: 'reports', operations: { report }, redact: ['taxId'] })

describe.each([
  ['pino', withPino],
  ['winston', withWinston],
])('%s', (_, create) => {
  test('the logger receives each line of a handler, with its level, redacted fields and message', async () => {
    const { log, lines } = create('debug')
    const { url } = await serveForTest(reports, { log })
    expect(await (await fetch(`${url}/reports/q1`)).json()).toEqual({ ok: true })
    const requestId: unknown = lines.find(({ message }) => message === 'without fields')?.['requestId']
    const call = { operation: 'report', requestId }
    expect(requestId).toEqual(expect.any(String))
    expect(lines).toEqual(
      expect.arrayContaining(
        [
          { level: 'debug', message: 'without fields' },
          {
            level: 'info',
            message: '100 %s of it',
            name: 'q1',
            taxId: '[redacted]',
            nested: { password: '[redacted]' },
            count: '2',
          },
          {
            level: 'warn',
            message: 'careful',
            error: {
              name: 'TypeError',
              message: 'odd',
              stack: expect.stringContaining('TypeError: odd'),
              cause: expect.objectContaining({ name: 'Error', message: 'root, token=[redacted]' }),
            },
          },
          { level: 'error', message: 'postgres://app:[redacted]@db/app', level_: 1, msg_: 'm' },
          {
            level: 'info',
            message: 'from a child',
            part: 'a',
            apiKey: '[redacted]',
            row: 1,
            done: true,
          },
        ].map((line) => expect.objectContaining({ ...call, ...line })),
      ),
    )
    const requests = lines.filter(({ message }) => message === 'GET /reports/{name} 200')
    expect(requests).toEqual([expect.objectContaining({ level: 'info', status: 200, ...call })])
  })

  test('the logger decides which levels are written', () => {
    const { log, lines } = create('warn')
    expect(
      (['debug', 'info', 'warn', 'error'] as const).filter((level) => log.isLevelEnabled?.(level)),
    ).toEqual(['warn', 'error'])
    log.info('left out')
    log.child({ part: 'a' }).warn('written')
    expect(lines).toEqual([expect.objectContaining({ level: 'warn', part: 'a', message: 'written' })])
  })
})

test('a field named message does not change the text of a winston line', () => {
  const { log, lines } = withWinston('info')
  log.info({ message: 'of the field' }, 'of the line')
  log.child({ message: 'of the child' }).info('of the line')
  expect(lines).toEqual([
    { level: 'info', message: 'of the line', message_: 'of the field' },
    { level: 'info', message: 'of the line', message_: 'of the child' },
  ])
})

test('a winston logger with the levels of syslog logs warn as warning', () => {
  const { log, lines } = withWinston('warning', { levels: winston.config.syslog.levels })
  expect(log.isLevelEnabled?.('warn')).toBe(true)
  log.warn({ a: 1 }, 'careful')
  expect(lines).toEqual([{ level: 'warning', message: 'careful', a: 1 }])
})

test('serve rejects a winston logger that is not passed through fromWinston', async () => {
  const log = winston.createLogger({ transports: [new winston.transports.Console()] })
  await expect(serveForTest(reports, { log })).rejects.toMatchObject({
    code: 'configuration-invalid',
    message: expect.stringContaining('fromWinston(logger)'),
  })
})
