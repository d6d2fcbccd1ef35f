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
import { DriverClient } from '../driver-client.ts'

/** What runs in the other process: it starts Postgres, does what its standard input says, and then just ends. */
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

/** A process of a service that uses the embedded Postgres, such as a developer has. */
export interface Service {
  readonly process: ChildProcess
  /** Everything that it has said. */
  readonly lines: readonly Line[]
  /** Waits for something that it says. */
  next<Key extends keyof Line>(key: Key): Promise<NonNullable<Line[Key]>>
  /** Has it stop Postgres, or just reach its end, and waits until it has ended by itself. */
  finish(how: 'stop' | 'end'): Promise<void>
  kill(): Promise<void>
}

/** How a {@link Service} is started. */
export interface ServiceOptions extends EmbeddedPostgresOptions {
  /** The entry file of another copy of this package. */
  readonly entry?: string
  readonly cwd?: string
  readonly account?: { readonly uid: number; readonly gid: number }
}

/** Starts the process; what it says tells when it is ready. */
export function startService({ entry, cwd, account, ...options }: ServiceOptions): Service {
  const source = entry ?? fileURLToPath(new URL('../../embedded.ts', import.meta.url))
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', script, source, JSON.stringify(options)],
    {
      // In its own process group, as a shell would start it in a terminal.
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
      assert(value !== undefined, `The service did not say ${key}: ${JSON.stringify(lines)}`)
      return value
    },
    async finish(how) {
      child.stdin.end(`${how}\n`)
      await exited
    },
    kill,
  }
}

/** Waits for a condition; a test's own time limit bounds it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** A folder for one test that any user may enter. At its end nothing may run in it any more, and it is removed. */
export function temporaryFolder(): string {
  const folder = unusedPath()
  makeOpen(folder)
  onTestFinished(async () => {
    await until(() => processesOf(folder).length === 0)
    rmSync(folder, { recursive: true })
  })
  return folder
}

/** A folder for all tests of a file, because it takes a while to create a database. Each finds no server in it. */
export function sharedFolder(): string {
  const folder = unusedPath()
  beforeAll(() => makeOpen(folder))
  // Registered first and so done last, when the test has ended its own processes.
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

/** Every process whose command line names a folder: the server and its watchdog. */
export function processesOf(directory: string): { readonly pid: number; readonly command: string }[] {
  const { stdout } = spawnSync('ps', ['-A', '-ww', '-o', 'pid=', '-o', 'command='], { encoding: 'utf8' })
  return stdout
    .split('\n')
    .map((line) => /^\s*(\d+) (.*)$/.exec(line))
    .filter((match) => match !== null)
    .map(([, pid, command]) => ({ pid: Number(pid), command: command ?? '' }))
    .filter(({ command }) => command.includes(directory) && !command.includes('startEmbeddedPostgres'))
}

/** Starts Postgres in this process, which stops it when the test ends. */
export async function start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres(options)
  onTestFinished(() => postgres.stop())
  return postgres
}

/** The rows of one statement, on a connection of its own. */
export async function query(url: string, statement: string): Promise<unknown[]> {
  const client = new DriverClient({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows
  } finally {
    await client.end()
  }
}
