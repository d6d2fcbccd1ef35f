import { debianTool, type DebianTool } from './debian-tool.ts'
import { spawnServer, type TestServer } from './test-server.ts'

/** Where Redis is, installed first where it can be; or what is missing. */
export function redisTool(): Promise<DebianTool> {
  return debianTool('redis-server')
}

/** A Redis that loses nothing that it has answered for, in a temporary folder. */
export function startRedis(): Promise<TestServer> {
  return spawnServer('redis-server', ({ port, directory }) =>
    `--port ${port} --bind 127.0.0.1 --dir ${directory} --appendonly yes --appendfsync always`.split(' '),
  )
}
