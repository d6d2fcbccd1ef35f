import { type Context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import type { Telemetry } from '../../kernel/telemetry/telemetry.ts'
import { BridgedSpan } from './bridged-span.ts'

/** Synchronizes OpenTelemetry's context with Holdfast's: both have the same active span. */
export class BridgedContextManager extends AsyncLocalStorageContextManager {
  readonly #telemetry: Pick<Telemetry, 'within'>

  constructor(telemetry: Pick<Telemetry, 'within'>) {
    super()
    this.#telemetry = telemetry
  }

  // eslint-disable-next-line max-params -- the signature is that of OpenTelemetry's API.
  override with<A extends unknown[], F extends (...args: A) => ReturnType<F>>(
    context: Context,
    work: F,
    thisArg?: ThisParameterType<F>,
    ...args: A
  ): ReturnType<F> {
    const span = trace.getSpan(context)
    const run = (): ReturnType<F> => super.with(context, work, thisArg, ...args)
    return span instanceof BridgedSpan ? this.#telemetry.within(span.span, run) : run()
  }
}
