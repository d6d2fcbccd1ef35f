import type { Answer } from '../kernel/answer.ts'
import type { PageParameters } from '../kernel/page-links.ts'

// Proxies buffer 4 or 8 KiB of headers, and answer 502 for more.
const longestReference = 2_048

/**
 * Adds where other pages of the list are, as a `Link` header (RFC 8288). The references are queries alone, `<?cursor=…>`, which hold below whatever
 * path the client knows the list by. One with a long cursor is left to the body.
 */
export function withLinkHeader(
  { links, ...answer }: Answer,
  query: Readonly<Record<string, readonly string[]>>,
): Answer {
  const kept = Object.entries(query).filter(([name]) => links?.replaced.includes(name) !== true)
  const references = Object.entries(links?.pages ?? {})
    .map(
      ([relation, parameters]: [string, PageParameters]) =>
        `<?${encodeQuery([...kept, ...Object.entries(parameters)])}>; rel="${relation}"`,
    )
    .filter(({ length }) => length <= longestReference)
  if (references.length === 0) return answer
  return { ...answer, headers: { ...answer.headers, link: references.join(', ') } }
}

function encodeQuery(parameters: readonly (readonly [string, string | readonly string[]])[]): string {
  return parameters
    .flatMap(([name, values]) =>
      [values].flat().map((value) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`),
    )
    .join('&')
}
