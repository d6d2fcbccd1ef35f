import {
  type Context,
  context,
  isSpanContextValid,
  type Span as OtelSpan,
  SpanKind as OtelSpanKind,
  type SpanOptions,
  trace,
  type Tracer,
  type TracerProvider,
} from '@opentelemetry/api'
import { type Span, type SpanKind, unrecordedSpan } from '../../kernel/telemetry/span.ts'
import type { Telemetry } from '../../kernel/telemetry/telemetry.ts'
import { continueTrace, toTraceparent } from '../../kernel/telemetry/trace-context.ts'
import { BridgedSpan, toAttributes } from './bridged-span.ts'
import { isTracingSuppressed } from './suppressed-tracing.ts'

const kinds: Readonly<Record<OtelSpanKind, SpanKind>> = {
  [OtelSpanKind.INTERNAL]: 'internal',
  [OtelSpanKind.SERVER]: 'server',
  [OtelSpanKind.CLIENT]: 'client',
  [OtelSpanKind.PRODUCER]: 'producer',
  [OtelSpanKind.CONSUMER]: 'consumer',
}

/** Provides tracers to users of OpenTelemetry's API. Their spans are Holdfast spans. */
export class BridgedTracerProvider implements TracerProvider {
  readonly #telemetry: Telemetry

  constructor(telemetry: Telemetry) {
    this.#telemetry = telemetry
  }

  getTracer(name: string, version?: string): Tracer {
    return new BridgedTracer(this.#telemetry, version === undefined ? { name } : { name, version })
  }
}

/** The instrumentation scope that creates spans, usually a library. */
interface Scope {
  readonly name: string
  readonly version?: string
}

class BridgedTracer implements Tracer {
  readonly #telemetry: Telemetry
  readonly #scope: Scope

  constructor(telemetry: Telemetry, scope: Scope) {
    this.#telemetry = telemetry
    this.#scope = scope
  }

  startSpan(name: string, options: SpanOptions = {}, within: Context = context.active()): OtelSpan {
    const kind = kinds[options.kind ?? OtelSpanKind.INTERNAL]
    const attributes = {
      'otel.scope.name': this.#scope.name,
      ...(this.#scope.version === undefined ? {} : { 'otel.scope.version': this.#scope.version }),
      ...toAttributes(options.attributes),
    }
    const parent = options.root === true ? undefined : trace.getSpan(within)
    const span = new BridgedSpan(this.#begin(kind, parent, within))
    span.span.describe(name, attributes)
    return span.addLinks(options.links ?? [])
  }

  #begin(kind: SpanKind, parent: OtelSpan | undefined, within: Context): Span {
    if (isTracingSuppressed(within)) return unrecordedSpan(continueTrace(undefined))
    if (parent instanceof BridgedSpan) return parent.span.begin('', kind)
    const remote = parent?.spanContext()
    if (!remote || !isSpanContextValid(remote)) return this.#telemetry.beginTrace(kind, undefined)
    const { traceId, spanId, traceFlags } = remote
    return this.#telemetry.beginTrace(
      kind,
      toTraceparent({ traceId, spanId, sampled: (traceFlags & 1) === 1 }),
    )
  }

  startActiveSpan<F extends (span: OtelSpan) => ReturnType<F>>(
    name: string,
    ...rest: readonly [F] | readonly [SpanOptions, F] | readonly [SpanOptions, Context, F]
  ): ReturnType<F> {
    const work = rest.at(-1) as F
    const options = rest.length > 1 ? (rest[0] as SpanOptions) : {}
    const outer = rest.length > 2 ? (rest[1] as Context) : context.active()
    const span = this.startSpan(name, options, outer)
    return context.with(trace.setSpan(outer, span), work, undefined, span)
  }
}
