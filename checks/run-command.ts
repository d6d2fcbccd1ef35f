import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { delimiter, resolve } from 'node:path'
import { text } from 'node:stream/consumers'

/** The outcome of a command. */
export interface CommandResult {
  /** The exit status of the command; null if a signal ended it. */
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Options of {@link runCommand}. */
export interface RunCommandOptions {
  /** The current folder. Default: the root of this repository. */
  readonly cwd?: string
  /** Variables that override those of this process. An undefined variable is removed. */
  readonly env?: Readonly<Record<string, string | undefined>>
}

/**
 * Runs a command with its arguments, without a shell, and waits until it ends. Programs that this
 * repository installs take precedence. A failing exit status is a result, not an error.
 */
export async function runCommand(
  [command = '', ...commandArguments]: readonly string[],
  { cwd = root, env = {} }: RunCommandOptions = {},
): Promise<CommandResult> {
  const child = spawn(command, commandArguments, {
    cwd,
    env: { ...process.env, PATH: `${binaries}${delimiter}${process.env['PATH']}`, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { exitCode: child.exitCode, stdout, stderr }
}

const root = resolve(import.meta.dirname, '..')
const binaries = resolve(root, 'node_modules/.bin')
