import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { ClientsReport } from './keep-alive-clients-main.ts'

/** Clients in a process of their own. */
export interface Clients {
  /** Lets every request that is under way end, and gives what became of all of them. */
  stop(): Promise<ClientsReport>
  /** Ends them at once, if they have not ended. */
  kill(): void
}

/** Has clients send mutations to a URL, one after the other, each on a connection that it keeps. */
export async function startClients(url: string, count: number): Promise<Clients> {
  const child = fork(new URL('keep-alive-clients-main.ts', import.meta.url), [url, String(count)], {
    execArgv: ['--conditions=holdfast:source'],
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
