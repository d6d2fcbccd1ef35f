import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HoldfastError } from 'holdfast'
import { until } from 'holdfast/testing'
import { debianTool } from './debian-tool.ts'
import { freePort, listens } from './free-port.ts'

/** A third-party server, run as a child process of the test. */
export interface TestServer {
  readonly port: number
  /** Kills the server with SIGKILL. */
  kill(): Promise<void>
  /** Starts the server again on the same port, with its data. */
  restart(): Promise<void>
  /** Stops the server and deletes its data. */
  stop(): Promise<void>
}

/** The folder and port of a server. */
export interface ServerPlace {
  readonly port: number
  /** An empty folder for the data of the server. */
  readonly directory: string
}

/**
 * Starts a program of a Debian package as a server on a free port. Resolves when it listens.
 *
 * @throws HoldfastError `test-tool-missing` if the program is not available.
 */
export async function spawnServer(
  name: string,
  argumentsFor: (place: ServerPlace) => readonly string[],
): Promise<TestServer> {
  const tool = await debianTool(name)
  if (tool.path === undefined) throw new HoldfastError('test-tool-missing', tool.missing)
  const { path } = tool
  const directory = await mkdtemp(join(tmpdir(), `holdfast-${name}-`))
  const port = await freePort()
  let child: ChildProcess | undefined
  // Kills the server if the test process exits without stopping it.
  const killAtExit = (): void => void child?.kill('SIGKILL')
  process.on('exit', killAtExit)

  async function start(): Promise<void> {
    const started = spawn(path, argumentsFor({ port, directory }), { stdio: ['ignore', 'pipe', 'pipe'] })
    child = started
    let output = ''
    started.stdout.on('data', (text) => (output += text))
    started.stderr.on('data', (text) => (output += text))
    await until(
      () => {
        if (started.exitCode !== null)
          throw new HoldfastError('test-server-ended', `${name} ended: ${output}`)
        return listens(port)
      },
      { what: `${name} to listen on port ${port}` },
    )
  }

  async function kill(): Promise<void> {
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }

  await start()
  return {
    port,
    kill,
    restart: start,
    async stop() {
      await kill()
      process.off('exit', killAtExit)
      await rm(directory, { recursive: true, force: true })
    },
  }
}
