import { HoldfastError } from '../../kernel/base/holdfast-error.ts'

// Larger than a key set with the certificates of 100 keys.
const maxBytes = 512 * 1_024

/** The max time of one request to a provider, in seconds. */
export const requestTimeoutSeconds = 5

/**
 * Sends a request to a provider, with a limit on the size of the response. Redirects are not
 * followed: they could lead the secret of the application to another host.
 */
export async function providerFetch(url: string, options: object): Promise<Response> {
  const response = await fetch(url, options as RequestInit)
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of response.body ?? []) {
    length += (chunk as Uint8Array).length
    if (length > maxBytes)
      throw new HoldfastError(
        'provider-response-too-large',
        `A response of ${url} has more than ${maxBytes} bytes.`,
      )
    chunks.push(chunk as Uint8Array)
  }
  const { status, statusText, headers } = response
  const hasBody = ![101, 204, 205, 304].includes(status)
  return new Response(hasBody ? Buffer.concat(chunks) : null, { status, statusText, headers })
}
