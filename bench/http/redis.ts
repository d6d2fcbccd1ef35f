import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Bench } from '../benchmark.ts'
import { freePort } from '../free-port.ts'
import type { RedisKind } from './participants.ts'

const places = ['/usr/bin/redis-server', '/usr/local/bin/redis-server', '/opt/homebrew/bin/redis-server']

/**
 * Finds Redis. If Redis is missing and this user may install packages, installs Debian's package.
 * Returns `undefined` if Redis is not available.
 */
export async function findRedis({ processes, notify }: Bench): Promise<string | undefined> {
  const found = places.find((place) => existsSync(place))
  if (found !== undefined) return found
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return undefined
  notify('installing redis-server')
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  await processes.finish(['apt-get', 'update', '--quiet'], { env })
  // With this variable, the package does not start a server.
  const noService = { ...env, RUNLEVEL: '1' }
  await processes.finish(['apt-get', 'install', '--yes', '--no-install-recommends', 'redis-server'], {
    env: noService,
  })
  return places.find((place) => existsSync(place))
}

/**
 * Starts Redis on a free port, and returns the port. A durable Redis writes each command to its log
 * file before it acknowledges the command.
 */
export async function startRedis(program: string, kind: RedisKind, bench: Bench): Promise<number> {
  // The data is in memory, like Postgres's data, so that neither store waits for a disk.
  const parent = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()
  const directory = mkdtempSync(join(parent, 'holdfast-bench-redis-'))
  bench.atEnd(() => rmSync(directory, { recursive: true, force: true }))
  const port = await freePort()
  const persistence = kind === 'durable' ? ['--appendonly', 'yes', '--appendfsync', 'always'] : []
  const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory]
  const child = bench.processes.start([program, ...place, '--save', '', ...persistence])
  while (!(await listens(port))) {
    if (child.exitCode !== null) throw new Error('Redis does not start.')
    await sleep(10)
  }
  return port
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
