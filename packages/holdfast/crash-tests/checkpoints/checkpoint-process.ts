import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { bundleProgram } from '../../test/bundle-program.ts'
import type { Checkpoint, CheckpointReport, CheckpointRequest } from './checkpoint.ts'

/** A program in a separate process that can be killed at a checkpoint. */
export interface CheckpointProcess {
  readonly url: string
  /** True if the process has ended. */
  readonly hasDied: boolean
  /** Resolves when the process has ended. */
  readonly died: Promise<void>
  /**
   * Makes the process count checkpoints from now on, and die at the given checkpoint. Without a
   * checkpoint, the process only counts.
   */
  arm(kill?: Checkpoint): Promise<void>
  /** Returns the checkpoints that the process has passed since `arm`, and stops counting. */
  report(): Promise<readonly string[]>
  kill(): Promise<void>
}

/** A loaded program that does nothing until it receives a request. */
export interface LoadedProcess {
  /** Makes the program serve. */
  begin(): Promise<CheckpointProcess>
  kill(): Promise<void>
}

const preload = new URL('./count-checkpoints.ts', import.meta.url).href

/**
 * Loads a program. Once it is loaded, the program sends a message to its parent and waits for a
 * reply. Once it serves, it sends `{ url }`. The checkpoints of the program are points in its
 * traffic to the servers at `ports`.
 */
export async function loadCheckpointProcess(
  main: URL,
  { env, ports }: { readonly env: Readonly<Record<string, string>>; readonly ports: readonly number[] },
): Promise<LoadedProcess> {
  const program = await bundleProgram(main)
  const child = fork(program.file, {
    execArgv: [...program.execArgv, '--import', preload],
    env: {
      ...process.env,
      NODE_ENV: 'test',
      LOG_LEVEL: 'error',
      HOST: '127.0.0.1',
      PORT: '0',
      ...env,
      CHECKPOINT_PORTS: ports.join(','),
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  let hasDied = false
  const died = once(child, 'exit').then(() => {
    hasDied = true
  })
  await Promise.race([messageOf(child), died])
  if (hasDied) throw new Error('The program ended before it was loaded')

  async function kill(): Promise<void> {
    child.kill('SIGKILL')
    await died
  }

  /** Returns the reply of the process, or an empty reply if the process dies first. */
  async function ask(request: CheckpointRequest): Promise<CheckpointReport> {
    if (hasDied) return { checkpoints: [] }
    // If the channel is closing, sending fails. This failure is ignored, because the death of the
    // process is reported separately.
    child.send(request, () => {})
    const answer = await Promise.race([messageOf(child), died])
    return (answer ?? { checkpoints: [] }) as CheckpointReport
  }

  return {
    kill,
    async begin() {
      child.send({ begin: true } satisfies CheckpointRequest)
      const ready = await Promise.race([messageOf(child), died])
      if (hasDied) throw new Error('The program ended before it served')
      const { url } = ready as { readonly url: string }
      return {
        url,
        get hasDied() {
          return hasDied
        },
        died,
        async arm(fatal) {
          await ask(fatal ? { kill: fatal } : {})
        },
        async report() {
          return (await ask({ report: true })).checkpoints
        },
        kill,
      }
    },
  }
}

/** Returns the next message of a process. */
function messageOf(child: ChildProcess): Promise<unknown> {
  return once(child, 'message').then(([message]) => message as unknown)
}
