import assert from 'node:assert/strict'
import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdirSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, beforeEach, onTestFinished } from 'vitest'
import { startEmbeddedPostgres, type EmbeddedPostgres, type EmbeddedPostgresOptions } from '../../embedded.ts'
import { DriverClient } from '../postgres/session/driver-client.ts'

/**
 * The program of the service process: it starts Postgres, follows the commands on its standard
 * input, and exits.
 */
const script = `
  import { createInterface } from 'node:readline'
  const [entry, options] = process.argv.slice(1)
  const { startEmbeddedPostgres } = await import(entry)
  const say = (line) => process.stdout.write(JSON.stringify(line) + '\\n')
  process.on('SIGINT', () => say({ interrupted: true }))
  try {
    const notify = (message) => say({ message })
    const postgres = await startEmbeddedPostgres({ ...JSON.parse(options), notify })
    say({ url: postgres.url, serverPid: postgres.serverPid, directory: postgres.directory })
    for await (const command of createInterface({ input: process.stdin })) {
      if (command === 'stop') await postgres.stop()
      say({ done: command })
    }
  } catch (error) {
    say({ failed: { code: error.code, message: error.message } })
  }
`

interface Line {
  readonly url?: string
  readonly serverPid?: number
  readonly directory?: string
  readonly message?: string
  readonly interrupted?: true
  readonly done?: string
  readonly failed?: { readonly code: string; readonly message: string }
}

/** A service process that uses the embedded Postgres, run as a developer would run it. */
export interface Service {
  readonly process: ChildProcess
  /** All lines that the process has printed. */
  readonly lines: readonly Line[]
  /** Waits for a line that the process prints. */
  next<Key extends keyof Line>(key: Key): Promise<NonNullable<Line[Key]>>
  /**
   * Makes the process stop Postgres, or end without stopping it, and waits until the process has
   * exited.
   */
  finish(how: 'stop' | 'end'): Promise<void>
  kill(): Promise<void>
}

/** Options of a {@link Service}. */
export interface ServiceOptions extends EmbeddedPostgresOptions {
  /** The entry file of a different copy of this package. */
  readonly entry?: string
  readonly cwd?: string
  readonly account?: { readonly uid: number; readonly gid: number }
}

/** Starts the process, which prints a line when it is ready. */
export function startService({ entry, cwd, account, ...options }: ServiceOptions): Service {
  const source = entry ?? fileURLToPath(new URL('../../embedded.ts', import.meta.url))
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', script, source, JSON.stringify(options)],
    {
      // The process has its own process group, as if a shell had started it in a terminal.
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
      ...(cwd === undefined ? {} : { cwd }),
      ...account,
    },
  )
  const exited = once(child, 'exit')
  const lines: Line[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line) as Line))

  async function kill(): Promise<void> {
    child.kill('SIGKILL')
    await exited
  }
  onTestFinished(kill)

  return {
    process: child,
    lines,
    async next(key) {
      const found = () => lines.find((line) => line[key] !== undefined)?.[key]
      await until(() => found() !== undefined || lines.some((line) => line.failed) || child.exitCode !== null)
      const value = found()
      assert(value !== undefined, `The service did not print ${key}: ${JSON.stringify(lines)}`)
      return value
    },
    async finish(how) {
      child.stdin.end(`${how}\n`)
      await exited
    },
    kill,
  }
}

/** Waits for a condition, up to the test's timeout. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

/**
 * Creates a folder that any user may enter, for one test. At the end of the test, waits until no
 * process runs in it, and removes it.
 */
export function temporaryFolder(): string {
  const folder = unusedPath()
  makeOpen(folder)
  onTestFinished(async () => {
    await until(() => processesOf(folder).length === 0)
    rmSync(folder, { recursive: true })
  })
  return folder
}

/**
 * Creates a folder for all tests of a file, because creating a database takes a while. No server
 * runs in it when a test starts.
 */
export function sharedFolder(): string {
  const folder = unusedPath()
  beforeAll(() => makeOpen(folder))
  // This hook is registered first, so it runs last, after the test has ended its processes.
  beforeEach(({ onTestFinished }) => onTestFinished(() => until(() => processesOf(folder).length === 0)))
  afterAll(() => rmSync(folder, { recursive: true }))
  return join(folder, 'postgres')
}

function unusedPath(): string {
  return join(realpathSync(tmpdir()), `holdfast-embedded-${randomUUID()}`)
}

function makeOpen(folder: string): void {
  mkdirSync(folder)
  chmodSync(folder, 0o777)
}

/** Returns every process whose command line names a folder: the server and its watchdog. */
export function processesOf(directory: string): { readonly pid: number; readonly command: string }[] {
  const { stdout } = spawnSync('ps', ['-A', '-ww', '-o', 'pid=', '-o', 'command='], { encoding: 'utf8' })
  return stdout
    .split('\n')
    .map((line) => /^\s*(\d+) (.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, pid, command]) => ({ pid: Number(pid), command: command ?? '' }))
    .filter(({ command }) => command.includes(directory) && !command.includes('startEmbeddedPostgres'))
}

/** Starts Postgres in this process. It is stopped when the test ends. */
export async function start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres(options)
  onTestFinished(() => postgres.stop())
  return postgres
}

/** Returns the rows of one statement, run on a separate connection. */
export async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new DriverClient({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows
  } finally {
    await client.end()
  }
}
