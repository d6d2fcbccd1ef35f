import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { vi } from 'vitest'
import { bundleProgram } from '../../holdfast/test/bundle-program.ts'
import { runCommandLine } from './run-command-line.ts'

/** The exit code and the output of a command. */
export interface Run {
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The environment that a command runs in. */
export interface RunOptions {
  readonly databaseUrl?: string
  /** The current folder of the command. Default: the current folder of the process. */
  readonly folder?: string
  /** Further environment variables, and a replacement for `PATH`. */
  readonly env?: Readonly<Record<string, string>>
}

/**
 * Runs a command line in this process, with only the given environment. This is faster than {@link
 * runHoldfast}. Use that function if a test needs a separate process, with its own folder, signals
 * or streams.
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

/** Runs the real command in a separate process with only the given environment. */
export async function runHoldfast(
  line: readonly string[],
  { databaseUrl, folder, env }: RunOptions = {},
): Promise<Run> {
  const main = await bundleProgram(new URL('main.ts', import.meta.url))
  const child = spawn(process.execPath, [...main.execArgv, main.file, ...line], {
    env: {
      PATH: process.env['PATH'],
      // This is not a setting of the command, but the folder of Node's compile cache.
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
