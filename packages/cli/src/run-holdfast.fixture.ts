import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { text } from 'node:stream/consumers'
import { vi } from 'vitest'
import { runCommandLine } from './run-command-line.ts'

/** How the command ended, and what it printed. */
export interface Run {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Where the command runs. */
export interface RunOptions {
  readonly databaseUrl?: string
  /** Default: that of the process. */
  readonly folder?: string
  /** Further variables of its environment, and others in place of its `PATH`. */
  readonly env?: Readonly<Record<string, string>>
}

const main = fileURLToPath(new URL('main.ts', import.meta.url))

/**
 * Runs a command line in this process, with an environment that has no more than it is given. A process of its own
 * takes half a second to start; {@link runHoldfast} is for what only a process has: a folder, signals, its streams.
 */
export async function callHoldfast(
  line: readonly string[],
  { databaseUrl }: Pick<RunOptions, 'databaseUrl'> = {},
): Promise<Run> {
  const output = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((chunk) => {
      output[name] += String(chunk)
      return true
    }),
  )
  const { env } = process
  process.env = {
    PATH: env['PATH'],
    ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
  }
  try {
    const exitCode = await runCommandLine(line)
    return { exitCode, ...output }
  } finally {
    process.env = env
    for (const spy of spies) spy.mockRestore()
  }
}

/** Runs the real command in a process of its own, whose environment says no more than it is given. */
export async function runHoldfast(
  line: readonly string[],
  { databaseUrl, folder, env }: RunOptions = {},
): Promise<Run> {
  const child = spawn(process.execPath, ['--conditions=holdfast:source', main, ...line], {
    env: {
      PATH: process.env['PATH'],
      // No setting of the command's: where Node keeps what it has compiled.
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
      ...env,
    },
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { exitCode: child.exitCode, stdout, stderr }
}
