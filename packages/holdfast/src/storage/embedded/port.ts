import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { errorCode } from './error-code.ts'
import type { Home } from './home.ts'

// These ports are below the ephemeral port range of operating systems, so that an outgoing
// connection does not occupy a remembered port.
const lowestPort = 20_000
const highestPort = 30_000

/**
 * Returns the port of the last start if that port is free, so that the URL stays valid across
 * restarts. Otherwise returns another free port.
 */
export async function choosePort(home: Home): Promise<number> {
  const last = lastPort(home)
  if (last !== undefined) {
    if (await isFree(last)) return last
    home.notify(
      `Port ${last} of the Postgres in ${home.directory} is in use by another program; using another port.`,
    )
  }
  for (;;) {
    const port = randomInt(lowestPort, highestPort)
    if (await isFree(port)) return port
  }
}

/** Reads the port from the command line that Postgres stored at its last start. */
function lastPort(home: Home): number | undefined {
  try {
    const [, port] = /"port=(\d+)"/.exec(readFileSync(join(home.data, 'postmaster.opts'), 'utf8')) ?? []
    return port === undefined ? undefined : Number(port)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined
    throw error
  }
}

async function isFree(port: number): Promise<boolean> {
  const probe = createServer().listen({ port, host: '127.0.0.1', exclusive: true })
  try {
    await once(probe, 'listening')
  } catch (error) {
    if (['EADDRINUSE', 'EACCES'].includes(errorCode(error) ?? '')) return false
    throw error
  }
  probe.close()
  await once(probe, 'close')
  return true
}
