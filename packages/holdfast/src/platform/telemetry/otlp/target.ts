/** A receiver of OTLP/HTTP, for one kind of records. */
export interface OtlpTarget {
  /** The URL that records are sent to. */
  readonly url: URL
  /** Headers of every request. They may be secret. */
  readonly headers: Readonly<Record<string, string>>
  /** Max time of one request, in milliseconds. */
  readonly timeoutMs: number
  readonly compression: 'gzip' | 'none'
}

/** Returns a receiver's address for logs, without parts that may be secret. */
export function addressOf({ url }: OtlpTarget): string {
  return url.origin + url.pathname
}
