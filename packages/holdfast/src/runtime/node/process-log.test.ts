import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { toReadable } from './process-log.ts'

const program = fileURLToPath(new URL('./process-log-main.fixture.ts', import.meta.url))

/** Runs a process that logs, and gives what it wrote. With `lines`, its reader goes away after so many bytes. */
function run(how: string, options: { readonly leavesEarly?: boolean } = {}) {
  const child = spawn(process.execPath, ['--conditions=holdfast:source', program, how], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk: Buffer) => {
    output.stdout += chunk.toString()
    if (options.leavesEarly === true) child.stdout.destroy()
  })
  child.stderr.on('data', (chunk: Buffer) => (output.stderr += chunk.toString()))
  return new Promise<{ code: number | null; lines: Record<string, unknown>[]; stderr: string }>((resolve) => {
    child.once('close', (code) => {
      const lines = options.leavesEarly === true ? [] : output.stdout.split('\n').slice(0, -1)
      resolve({
        code,
        stderr: output.stderr,
        lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>),
      })
    })
  })
}

test('a line is one JSON object', async () => {
  const { lines } = await run('one')
  expect(lines).toEqual([
    {
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      service: 'logs',
      size: 1,
      msg: 'a\nline',
    },
  ])
})

test.each([
  ['its event loop is empty', 'end', 0],
  ['it exits by itself', 'exit', 3],
  ['nothing caught an error', 'throw', 1],
])('nothing that was logged is lost when a process ends since %s', async (_why, how, code) => {
  const result = await run(how)
  expect(result.code).toBe(code)
  expect(result.lines.map(({ n }) => n)).toEqual(Array.from({ length: 5_000 }, (_, n) => n))
})

test('a reader that goes away fails nothing', async () => {
  const { code, stderr } = await run('reader-gone', { leavesEarly: true })
  expect(stderr).toBe('The log cannot be written: EPIPE: broken pipe, write\ndone\n')
  expect(code).toBe(0)
})

test('a warning does not wait for what comes after it', async () => {
  const { lines } = await run('warn-and-kill')
  expect(lines.map(({ msg }) => msg)).toEqual(['before', 'careful'])
})

test('a person reads the message first', () => {
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

test('a person sees the stack of an error and of its causes', () => {
  const line = JSON.stringify({
    level: 'error',
    time: '2026-01-02T03:04:05.678Z',
    error: {
      name: 'TypeError',
      message: 'broken',
      stack: 'TypeError: broken\n    at a.ts:1',
      cause: { message: 'deeper' },
    },
    msg: 'the call failed',
  })
  expect(stripVTControlCharacters(toReadable(line)).split('\n').slice(1)).toEqual([
    'TypeError: broken',
    '    at a.ts:1',
    'caused by: deeper',
    '',
  ])
})
