import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { onTestFinished } from 'vitest'
import { bundleProgram } from '../../../test/bundle-program.ts'

/** A main file in a separate process. */
export interface Child {
  readonly process: ChildProcess
  /** The output so far. */
  readonly output: { stdout: string; stderr: string }
  /** Returns the lines that the process has logged. */
  log(): readonly Readonly<Record<string, unknown>>[]
  /** The exit code, or the signal that ended the process. */
  readonly ended: Promise<number | NodeJS.Signals>
  /** The URL of the service, once it listens. */
  readonly url: Promise<string>
}

const main = await bundleProgram(new URL('main.fixture.ts', import.meta.url))

/**
 * Starts the main file of this folder. When the test ends, the process is stopped if it is still
 * running.
 */
export function startMain(env: Readonly<Record<string, string>>): Child {
  const child = fork(main.file, {
    execArgv: [...main.execArgv],
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      PORT: '0',
      OTEL_METRICS_EXPORTER: 'none',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  })
  const output = { stdout: '', stderr: '' }
  child.stdout?.on('data', (chunk) => (output.stdout += String(chunk)))
  child.stderr?.on('data', (chunk) => (output.stderr += String(chunk)))
  onTestFinished(() => void child.kill('SIGKILL'))
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals)
  const url = new Promise<string>((resolve, reject) => {
    child.once('message', (message) => resolve((message as { url: string }).url))
    void ended.then((how) => reject(new Error(`It ended (${how}) before it listened: ${output.stderr}`)))
  })
  url.catch(() => {})
  return {
    process: child,
    output,
    log: () =>
      output.stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    ended,
    url,
  }
}
