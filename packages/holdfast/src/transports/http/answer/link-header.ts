import type { Answer } from '../../../kernel/operation/answer.ts'
import type { PageParameters } from '../../../kernel/pages/page-links.ts'

// Max length of the header. Proxies buffer 4 or 8 KiB of response headers, and return a 502 for
// longer ones.
const maxReferenceLength = 2_048

/**
 * Adds a `Link` header (RFC 8288) with the other pages of a list. The references contain only a
 * query, `<?cursor=…>`, so they are valid under any path that a proxy maps to the list. A reference
 * with a long cursor is left out of the header; the body contains every cursor.
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
    .filter(({ length }) => length <= maxReferenceLength)
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
