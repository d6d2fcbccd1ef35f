/*
 * Traces the requests of `fetch`, and of Undici, which implements Node's `fetch`. Within a call, a
 * job or a step, each request is a client span, and carries `traceparent` and `tracestate` to the
 * other service. Nothing is patched: Undici reports each request on a diagnostics channel before it
 * is sent, in the asynchronous context of the code that makes it.
 *
 * Invariants:
 * - A request outside of a span, or after its span has ended, is not changed.
 * - A header that the program has set is never duplicated.
 * - A host of `untracedHosts` gets no trace context; its span is still recorded.
 * - A span ends when the head of the response has arrived, because the program may never read the
 *   body.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { knownMethods } from '../../kernel/operation/known-methods.ts'
import { randomHex } from '../../kernel/base/random-hex.ts'
import type { Attributes, Span } from '../../kernel/telemetry/span.ts'
import { type TraceContext, toTraceparent } from '../../kernel/telemetry/trace-context.ts'
import { RecordedSpan } from './spans/recorded-span.ts'
import type { Recorder } from './recorder.ts'

/** Options of {@link traceFetches}. */
export interface TraceFetchesOptions extends Pick<Recorder, 'activeSpan'> {
  /** Returns true if a host, in lower case and without port, gets no trace context. */
  readonly isUntraced: (host: string) => boolean
}

/** A request as Undici publishes it. */
interface UndiciRequest {
  readonly origin?: string | URL
  readonly path: string
  readonly method: string
  /** Names and values alternate. Undici before version 6 has one text instead of a list. */
  readonly headers: string | readonly (string | readonly string[])[]
  addHeader(name: string, value: string): unknown
}

interface RequestMessage {
  readonly request: UndiciRequest
}

interface ResponseMessage extends RequestMessage {
  readonly response: { readonly statusCode: number }
}

interface ErrorMessage extends RequestMessage {
  readonly error: unknown
}

/** Starts to trace requests. Returns a function that stops the tracing. */
export function traceFetches({ activeSpan, isUntraced }: TraceFetchesOptions): () => void {
  const spans = new WeakMap<UndiciRequest, Span>()

  function created({ request }: RequestMessage): void {
    const parent = activeSpan()
    if (!parent || request.origin === undefined || hasEnded(parent)) return
    const origin = new URL(request.origin)
    const span = parent.begin(
      nameOf(request),
      'client',
      parent.isRecording ? describe(request, origin) : undefined,
    )
    spans.set(request, span)
    if (!isUntraced(hostOf(origin))) propagate(request, span)
  }

  function answered({ request, response: { statusCode } }: ResponseMessage): void {
    const span = spans.get(request)
    if (!span || statusCode < 200) return
    span.set('http.response.status_code', statusCode)
    if (statusCode >= 400) span.fail(String(statusCode))
    span.end()
  }

  function failed({ request, error }: ErrorMessage): void {
    const span = spans.get(request)
    if (!span) return
    if (error instanceof Error) span.fail(codeOf(error) ?? error.name, error.message)
    else span.fail('_OTHER')
    span.end()
  }

  const listeners = [
    ['undici:request:create', (message: unknown) => created(message as RequestMessage)],
    ['undici:request:headers', (message: unknown) => answered(message as ResponseMessage)],
    ['undici:request:error', (message: unknown) => failed(message as ErrorMessage)],
  ] as const
  for (const [channel, listener] of listeners) subscribe(channel, listener)
  return () => {
    for (const [channel, listener] of listeners) unsubscribe(channel, listener)
  }
}

function hasEnded(span: Span): boolean {
  return span instanceof RecordedSpan && span.endMs !== 0
}

function propagate(request: UndiciRequest, span: Span): void {
  if (hasHeader(request, 'traceparent')) return
  const trace = contextOf(span)
  request.addHeader('traceparent', toTraceparent(trace))
  if (trace.tracestate === undefined || hasHeader(request, 'tracestate')) return
  request.addHeader('tracestate', trace.tracestate)
}

/**
 * Returns the trace context of a request. It has a new span id even if the request is not recorded.
 */
function contextOf(span: Span): TraceContext {
  return span.isRecording ? span.trace : { ...span.trace, spanId: randomHex(8) }
}

function hasHeader({ headers }: UndiciRequest, name: string): boolean {
  if (typeof headers === 'string') return new RegExp(`^${name}:`, 'im').test(headers)
  return headers.some(
    (text, index) => index % 2 === 0 && typeof text === 'string' && text.toLowerCase() === name,
  )
}

function nameOf({ method }: UndiciRequest): string {
  return knownMethods.has(method) ? method : 'HTTP'
}

function describe({ method, path }: UndiciRequest, origin: URL): Attributes {
  return {
    ...(knownMethods.has(method)
      ? { 'http.request.method': method }
      : { 'http.request.method': '_OTHER', 'http.request.method_original': method }),
    'server.address': hostOf(origin),
    'server.port': Number(origin.port) || (origin.protocol === 'https:' ? 443 : 80),
    // The URL without query string and credentials, which may contain secrets.
    'url.full': origin.origin + path.replace(/[?#].*$/s, ''),
  }
}

/** Returns the host of a URL without port, and without the brackets of an IPv6 address. */
function hostOf({ hostname }: URL): string {
  return hostname.replaceAll(/^\[|\]$/g, '')
}

function codeOf(error: Error): string | undefined {
  const { code } = error as { readonly code?: unknown }
  return typeof code === 'string' ? code : undefined
}
