import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'

/** Options of a process. */
export interface StartOptions {
  /** Variables that override those of this process. */
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** The core that the process runs on. Default: any core. */
  readonly core?: number
}

/** Options of a process that runs until it is stopped. */
export interface LongStartOptions extends StartOptions {
  /** Receives its stdout. Default: it is discarded. */
  readonly onStdout?: (chunk: string) => void
}

/** The result of a process that has ended. */
export interface Finished {
  /** The exit status of the process; `null` if it was killed after its timeout. */
  readonly exitCode: number | null
  readonly stdout: string
}

// Time that a process has to end on request before it is killed.
const graceMs = 5_000
const lastWordsLength = 4_000

/** The processes of a run. All of them end when the run ends. */
export class Processes implements AsyncDisposable {
  readonly #running = new Set<ChildProcess>()
  readonly #stopping = new WeakSet<ChildProcess>()
  #isEnding = false

  /**
   * Starts a process that runs until it is stopped. If the process ends by itself, its stderr is
   * shown.
   */
  start(command: readonly string[], { onStdout, ...options }: LongStartOptions = {}): ChildProcess {
    const child = this.#spawn(command, options, ['ignore', onStdout ? 'pipe' : 'ignore', 'pipe'])
    if (onStdout) child.stdout!.setEncoding('utf8').on('data', onStdout)
    let lastWords = ''
    child.stderr!.on(
      'data',
      (chunk: Buffer) => (lastWords = `${lastWords}${String(chunk)}`.slice(-lastWordsLength)),
    )
    child.once('close', () => {
      if (!this.#stopping.has(child)) process.stderr.write(`${command.join(' ')} exited:\n${lastWords}\n`)
    })
    return child
  }

  /**
   * Runs a program until it ends, and returns its output. `timeoutMs` is the time after which the
   * program is killed. Default: no limit.
   */
  async finish(
    command: readonly string[],
    { timeoutMs, ...options }: StartOptions & { readonly timeoutMs?: number } = {},
  ): Promise<Finished> {
    const child = this.#spawn(command, options, ['ignore', 'pipe', 'inherit'])
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => killGroup(child), timeoutMs)
    try {
      const [stdout] = await Promise.all([text(child.stdout!), once(child, 'close')])
      return { exitCode: child.exitCode, stdout }
    } finally {
      clearTimeout(timer)
    }
  }

  /**
   * Ends a process and its children, and waits for the end. Only the process itself gets the
   * signal, because npm passes the signal on, and a second signal would end a service immediately.
   */
  async stop(child: ChildProcess): Promise<void> {
    if (!this.#running.has(child)) return
    this.#stopping.add(child)
    const ended = once(child, 'close')
    child.kill('SIGTERM')
    const timer = setTimeout(() => killGroup(child), graceMs)
    await ended
    clearTimeout(timer)
    killGroup(child)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true
    await Promise.all([...this.#running].map((child) => this.stop(child)))
  }

  #spawn(command: readonly string[], options: StartOptions, stdio: StdioOptions): ChildProcess {
    if (this.#isEnding) throw new Error('The run is ending; no new process is started.')
    const [program = '', ...rest] = [...pin(options.core), ...command]
    const child = spawn(program, rest, {
      // In a separate process group, the children of the process can be ended with it. Ctrl-C
      // reaches only this process, which ends the others in order.
      detached: true,
      env: { ...process.env, ...options.env },
      stdio,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    })
    this.#running.add(child)
    child.once('close', () => this.#running.delete(child))
    return child
  }
}

function pin(core: number | undefined): readonly string[] {
  return core === undefined || process.platform !== 'linux' ? [] : ['taskset', '--cpu-list', String(core)]
}

function killGroup(child: ChildProcess): void {
  try {
    process.kill(-child.pid!, 'SIGKILL')
  } catch (error) {
    // ESRCH means that the group has already ended.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
