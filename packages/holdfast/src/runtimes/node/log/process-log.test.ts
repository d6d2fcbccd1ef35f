import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, openSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { until } from 'holdfast/testing'
import { expect, onTestFinished, test } from 'vitest'
import { bundleProgram } from '../../../../test/bundle-program.ts'

const program = await bundleProgram(new URL('./process-log-main.fixture.ts', import.meta.url))

/**
 * Starts a process that logs. When the test ends, the process is stopped if it is still running.
 */
function start(how: string, stdout: 'pipe' | number = 'pipe'): ChildProcess {
  const child = spawn(process.execPath, [...program.execArgv, program.file, how], {
    stdio: ['ignore', stdout, 'pipe', 'ipc'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

interface Ended {
  readonly code: number | null
  readonly lines: readonly Readonly<Record<string, unknown>>[]
  readonly stderr: string
}

/**
 * Reads the lines of a process until it has ended. If `after` is set, reading starts only when
 * stderr contains this text.
 */
async function read(child: ChildProcess, after = ''): Promise<Ended> {
  const ended = once(child, 'close')
  let stderr = ''
  child.stderr?.on('data', (chunk) => (stderr += String(chunk)))
  await until(() => stderr.includes(after))
  const stdout = child.stdout ? await text(child.stdout) : ''
  const [code] = (await ended) as [number | null]
  const lines = stdout.split('\n').slice(0, -1)
  return { code, stderr, lines: lines.map((line) => JSON.parse(line) as Record<string, unknown>) }
}

const run = (how: string): Promise<Ended> => read(start(how))

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
  ['an empty event loop', 'end', 0],
  ['process.exit', 'exit', 3],
  ['an uncaught error', 'throw', 1],
])('no line is lost when a process ends with %s', async (_why, how, code) => {
  const result = await run(how)
  expect(result.code).toBe(code)
  expect(result.lines.map(({ n }) => n)).toEqual(Array.from({ length: 5_000 }, (_, n) => n))
})

test('no line is lost when a process is asked to stop', async () => {
  const child = start('signal')
  child.stderr?.once('data', () => child.kill('SIGTERM'))
  const { code, lines } = await read(child)
  expect(code).toBe(0)
  expect(lines.filter(({ n }) => n !== undefined)).toHaveLength(10_000)
  expect(lines.at(-1)).toMatchObject({ msg: 'stopped' })
})

test('a slow reader gets everything in order, and dropped lines are counted', async () => {
  const { code, lines, stderr } = await read(start('flood'), 'ready')
  expect(code).toBe(0)
  expect(lines.map(({ n }) => n)).toEqual(lines.map((_, n) => n))
  expect(lines.length).toBeGreaterThan(1_600)
  expect(stderr).toBe(`ready\n${3_000 - lines.length} log lines dropped: the output was not being read.\n`)
})

test('a process does not wait forever for a reader that stopped reading', async () => {
  const child = start('flood')
  const stderr = text(child.stderr!)
  const [code] = (await once(child, 'exit')) as [number]
  expect(code).toBe(0)
  expect(await stderr).toMatch(/^ready\n\d+ log lines dropped: the output was not being read\.\n$/)
})

test('a reader that disconnects causes no failure', async () => {
  const child = start('reader-gone')
  const ended = once(child, 'close')
  child.stdout?.once('data', () => child.stdout?.destroy())
  expect(await text(child.stderr!)).toBe('Writing the log failed: EPIPE: broken pipe, write\ndone\n')
  expect(await ended).toEqual([0, null])
})

test('if stderr is not read either, the process continues', async () => {
  const child = start('nobody-reads')
  const ended = once(child, 'close')
  child.stdout?.once('data', () => {
    child.stderr?.destroy()
    child.stdout?.destroy()
  })
  await once(child.stdout!, 'close')
  child.send('end')
  expect(await ended).toEqual([7, null])
})

test.skipIf(!existsSync('/dev/full'))('a full disk causes no failure', async () => {
  const { code, stderr } = await read(start('end', openSync('/dev/full', 'w')))
  expect(stderr).toBe('Writing the log failed: ENOSPC: no space left on device, write\n')
  expect(code).toBe(0)
})

test('a warning is written before later lines', async () => {
  const { lines } = await run('warn-and-kill')
  expect(lines.map(({ msg }) => msg)).toEqual(['before', 'careful'])
})
