import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from 'holdfast/testing'
import { freePort } from '../test/free-port.ts'

/** A load balancer in front of servers. */
export interface Haproxy {
  readonly url: string
  /** Resolves to true if haproxy sends requests to the server at a URL. */
  readonly isUp: (serverUrl: string) => Promise<boolean>
  stop(): Promise<void>
}

/** Options of {@link startHaproxy}. */
export interface HaproxyOptions {
  /** The path of the program. */
  readonly path: string
  readonly servers: readonly string[]
  /** The health check of the servers, in haproxy's syntax: `inter 100ms fall 2`. */
  readonly check: string
}

/** Starts haproxy, and waits until it sends requests to every server. */
export async function startHaproxy({ path, servers, check }: HaproxyOptions): Promise<Haproxy> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-haproxy-'))
  const [port, statsPort] = [await freePort(), await freePort()]
  const file = join(folder, 'haproxy.cfg')
  await writeFile(file, configuration({ port, statsPort, servers, check }))
  const haproxy = spawn(path, ['-db', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  haproxy.stdout.on('data', (chunk) => (output += String(chunk)))
  haproxy.stderr.on('data', (chunk) => (output += String(chunk)))
  const ended = once(haproxy, 'exit')

  async function isUp(serverUrl: string): Promise<boolean> {
    const answer = await fetch(`http://127.0.0.1:${statsPort}/stats;csv`)
    const rows = (await answer.text()).split('\n').map((line) => line.split(','))
    const statusAt = rows[0]!.indexOf('status')
    return rows.some((row) => row[0] === 'app' && row[1] === nameOf(serverUrl) && row[statusAt] === 'UP')
  }

  async function stop(): Promise<void> {
    haproxy.kill('SIGKILL')
    await ended
    await rm(folder, { recursive: true })
  }

  const up = until(async () => (await Promise.all(servers.map(isUp))).every(Boolean), {
    what: 'haproxy to find its servers ready',
  })
  await Promise.race([up, ended.then(() => Promise.reject(new Error(`haproxy ended: ${output}`)))]).catch(
    async (error: unknown) => {
      await stop()
      throw error
    },
  )
  return { url: `http://127.0.0.1:${port}`, isUp, stop }
}

function nameOf(serverUrl: string): string {
  return `server-${new URL(serverUrl).port}`
}

interface Configuration extends Pick<HaproxyOptions, 'servers' | 'check'> {
  readonly port: number
  readonly statsPort: number
}

// Disables retries, so that clients see every refused or reset connection. On a busy machine, a
// health check or a response may take a long time although nothing has failed.
function configuration({ port, statsPort, servers, check }: Configuration): string {
  return `
defaults
  mode http
  retries 0
  timeout connect 2m
  timeout client 2m
  timeout server 2m
  timeout check 2m

frontend clients
  bind 127.0.0.1:${port}
  default_backend app

backend app
  option httpchk GET /health/ready
  http-check expect status 200
${servers.map((url) => `  server ${nameOf(url)} ${new URL(url).host} check ${check}`).join('\n')}

frontend statistics
  bind 127.0.0.1:${statsPort}
  stats enable
  stats uri /stats
`
}
