import { Agent, request, type RequestOptions } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'

/** An answer. */
export interface Answered {
  readonly status: number
  readonly ms: number
}

/** A request with its body. */
export interface Sent extends RequestOptions {
  readonly body?: string
}

/**
 * Sends requests at fixed times, even if earlier ones have no answer yet, so that a slow server
 * does not get fewer requests. Resolves to the answers.
 */
export async function sendAtRate(
  url: string,
  { perSecond, seconds }: { readonly perSecond: number; readonly seconds: number },
  next: () => Sent,
): Promise<readonly Answered[]> {
  const agent = new Agent({ keepAlive: true })
  const answers: Promise<Answered>[] = []
  const beganMs = performance.now()
  while (answers.length < perSecond * seconds) {
    const dueMs = beganMs + (answers.length * 1_000) / perSecond
    if (performance.now() < dueMs) await sleep(1)
    else answers.push(send(url, { ...next(), agent }))
  }
  const all = await Promise.all(answers)
  agent.destroy()
  return all
}

function send(url: string, { body, ...options }: Sent): Promise<Answered> {
  const startedMs = performance.now()
  return new Promise((resolve, reject) => {
    request(url, options, (response) => {
      response.resume().once('end', () => {
        resolve({ status: response.statusCode ?? 0, ms: performance.now() - startedMs })
      })
    })
      .once('error', reject)
      .end(body)
  })
}
