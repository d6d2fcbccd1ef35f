import { fork } from 'node:child_process'
import { once } from 'node:events'
import { bundleProgram } from '../test/bundle-program.ts'
import type { ClientsReport } from './keep-alive-clients-main.ts'

/** Clients in a separate process. */
export interface Clients {
  /** Waits for all running requests, and returns all results. */
  stop(): Promise<ClientsReport>
  /** Kills the clients' process if it has not ended. */
  kill(): void
}

/**
 * Starts clients that send mutations to a URL one after another, each on a keep-alive connection.
 */
export async function startClients(url: string, count: number): Promise<Clients> {
  const { file, execArgv } = await bundleProgram(new URL('keep-alive-clients-main.ts', import.meta.url))
  const child = fork(file, [url, String(count)], {
    execArgv: [...execArgv],
  })
  await once(child, 'message')
  return {
    kill: () => void child.kill('SIGKILL'),
    async stop() {
      const reported = once(child, 'message')
      const ended = once(child, 'exit')
      child.send('stop')
      const [report] = (await reported) as [ClientsReport]
      child.disconnect()
      await ended
      return report
    },
  }
}
