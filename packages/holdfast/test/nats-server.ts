import { debianTool, type DebianTool } from './debian-tool.ts'
import { spawnServer, type TestServer } from './test-server.ts'

/**
 * Returns the path of NATS, and installs it first if necessary and possible. If NATS is missing,
 * returns a message with the command that installs it.
 */
export function natsTool(): Promise<DebianTool> {
  return debianTool('nats-server')
}

/** Starts NATS with JetStream, in a temporary folder. */
export function startNats({ jetStream = true }: { readonly jetStream?: boolean } = {}): Promise<TestServer> {
  return spawnServer('nats-server', ({ port, directory }) => {
    const stored = jetStream ? ['--jetstream', '--store_dir', directory] : []
    return ['--port', String(port), '--addr', '127.0.0.1', ...stored]
  })
}
