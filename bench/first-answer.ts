import type { ChildProcess } from 'node:child_process'
import { get } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

const pollMs = 2
const limitMs = 60_000

/**
 * Waits until a process answers a request successfully. Returns the arrival time of the first byte,
 * by `performance.now()`.
 */
export async function firstAnswer(child: ChildProcess, url: string): Promise<number> {
  const endMs = performance.now() + limitMs
  while (performance.now() < endMs) {
    const arrivedMs = await tryOnce(url)
    if (arrivedMs !== undefined) return arrivedMs
    if (child.exitCode !== null || child.signalCode !== null) break
    await sleep(pollMs)
  }
  throw new Error(`${child.spawnargs.join(' ')} does not answer ${url}.`)
}

/** Returns the arrival time of the answer's first byte; `undefined` if the request failed. */
function tryOnce(url: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request = get(url, { agent: false }, (response) => {
      const arrivedMs = performance.now()
      response.resume().once('close', () => resolve(response.statusCode === 200 ? arrivedMs : undefined))
    })
    request.once('error', () => resolve(undefined))
  })
}
