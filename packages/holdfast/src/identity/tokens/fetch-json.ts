import { issuerUnavailable } from './issuer-unavailable.ts'

// Larger than a key set with the certificates of 100 keys.
const maxBytes = 512 * 1_024
const timeoutMs = 5_000

/**
 * Returns the JSON document at a URL of an issuer. The response must have the status 200, arrive
 * within 5 seconds, and have at most 512 KiB. Redirects are not followed, because they could lead
 * to another host.
 *
 * @throws HoldfastError `issuer-unavailable`
 */
export async function fetchJson(url: string): Promise<unknown> {
  try {
    const response = await fetch(url, {
      headers: { accept: 'application/json, application/jwk-set+json' },
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw issuerUnavailable(`the status is ${response.status} instead of 200`)
    }
    return JSON.parse(await readText(response)) as unknown
  } catch (error) {
    const reason = error instanceof Error ? reasonOf(error) : String(error)
    throw issuerUnavailable(`Reading ${url} failed: ${reason}.`, error)
  }
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let text = ''
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += (chunk as Uint8Array).length
    if (length > maxBytes) throw issuerUnavailable(`the response has more than ${maxBytes} bytes`)
    text += decoder.decode(chunk as Uint8Array<ArrayBuffer>, { stream: true })
  }
  return text + decoder.decode()
}

/** The error of `fetch` has only a general message. Its cause contains the reason. */
function reasonOf({ message, cause }: Error): string {
  return cause instanceof Error
    ? `${message}: ${cause.message || (cause as { code?: string }).code}`
    : message
}
