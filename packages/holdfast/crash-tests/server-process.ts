import { type ChildProcess, spawn } from 'node:child_process'
import { until } from 'holdfast/testing'
import { bundleProgram } from '../test/bundle-program.ts'
import { freePort } from '../test/free-port.ts'

/** A server in a separate process, on a port that stays the same when it is restarted. */
export interface ServerProcess {
  readonly url: string
  /** The number of times that the server was killed. */
  readonly kills: number
  /** Returns the end of the server's output. */
  readonly output: () => string
  /** Kills the server with SIGKILL, and starts it again. */
  killAndRestart(): Promise<void>
  /**
   * Stops the server with SIGTERM, and starts it again. Returns the exit code of the stopped
   * process.
   */
  restart(): Promise<number | null>
  /** Suspends the server, with all resources that it holds, until {@link ServerProcess.resume}. */
  pause(): void
  resume(): void
  /** Stops the server with SIGTERM. Returns its exit code. */
  readonly stop: () => Promise<number | null>
}

const endWithParent = new URL('../test/end-with-parent.ts', import.meta.url).href
const keptOutput = 20_000
const startAttempts = 10
// These timeouts detect a hang. They are much longer than ten concurrent starts take on a busy
// machine.
const startTimeout = '4m'
const answerLimitMs = 30_000

/** Runs a main file as a server on a database, and waits until it has started. */
export async function startServer(main: URL, env: Readonly<Record<string, string>>): Promise<ServerProcess> {
  const program = await bundleProgram(main)
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  let output = ''
  let kills = 0
  let child: ChildProcess

  const keep = (chunk: Buffer): void => {
    output = (output + chunk.toString()).slice(-keptOutput)
  }

  // Starts the server as a supervisor would: if the server exits because its database connection
  // was cut during the start, it is started again.
  async function start(): Promise<void> {
    for (let attempt = 1; attempt <= startAttempts; attempt += 1) {
      launch()
      const isUp = await until(async () => hasEnded(child) || (await hasStarted(url)), {
        timeout: startTimeout,
        what: `an answer of ${url}`,
      }).catch((cause: unknown) => {
        throw new Error(`The server did not answer; it wrote: ${output}`, { cause })
      })
      if (isUp && !hasEnded(child)) return
    }
    throw new Error(`The server did not start in ${startAttempts} attempts; it wrote: ${output}`)
  }

  function launch(): void {
    child = spawn(process.execPath, [...program.execArgv, '--import', endWithParent, program.file], {
      env: { ...process.env, NODE_ENV: 'development', ...env, PORT: String(port), HOST: '127.0.0.1' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
  }

  await start()
  return {
    url,
    get kills() {
      return kills
    },
    output: () => output,
    async killAndRestart() {
      kills += 1
      await end(child, 'SIGKILL')
      await start()
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async restart() {
      const exitCode = await end(child, 'SIGTERM')
      await start()
      return exitCode
    },
    stop: () => end(child, 'SIGTERM'),
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}

function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  return new Promise((resolve) => {
    if (hasEnded(child)) return resolve(child.exitCode)
    child.once('exit', (code) => resolve(code))
    child.kill(signal)
  })
}

/** Returns true if the server has started. Before that, it answers every request with 503. */
async function hasStarted(url: string): Promise<boolean> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(answerLimitMs) })
  await answer.body?.cancel()
  return answer.status !== 503
}
