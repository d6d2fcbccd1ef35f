/** A receiver of OTLP/HTTP, for one kind of records. */
export interface OtlpTarget {
  /** Where they are sent to. */
  readonly url: URL
  /** Sent with every request. They may be secret. */
  readonly headers: Readonly<Record<string, string>>
  /** How long one request may take, in milliseconds. */
  readonly timeoutMs: number
  readonly compression: 'gzip' | 'none'
}

/** A receiver's address, for a log: without what may be secret in it. */
export function addressOf({ url }: OtlpTarget): string {
  return url.origin + url.pathname
}
