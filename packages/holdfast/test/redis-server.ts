import { debianTool, type DebianTool } from './debian-tool.ts'
import { spawnServer, type TestServer } from './test-server.ts'

/**
 * Returns the path of Redis, and installs it first if necessary and possible. If Redis is missing,
 * returns a message with the command that installs it.
 */
export function redisTool(): Promise<DebianTool> {
  return debianTool('redis-server')
}

/** Starts Redis in a temporary folder, configured to lose no acknowledged write. */
export function startRedis(): Promise<TestServer> {
  return spawnServer('redis-server', ({ port, directory }) =>
    `--port ${port} --bind 127.0.0.1 --dir ${directory} --appendonly yes --appendfsync always`.split(' '),
  )
}
