import type { Attributes, AttributeValue, SpanKind } from '../../../kernel/telemetry/span.ts'
import type { TraceContext } from '../../../kernel/telemetry/trace-context.ts'
import type { FinishedSpan, SpanEvent, SpanFailure } from './finished-span.ts'
import type { RecordedSpan } from './recorded-span.ts'
import type { Slots } from './ring.ts'
import { toSpanId, toTraceId } from './span-id.ts'

/** The properties that few spans have. */
interface Rest {
  readonly tracestate: string | undefined
  readonly events: readonly SpanEvent[]
  readonly failure: SpanFailure | undefined
  readonly droppedAttributes: number
  readonly droppedEvents: number
}

const nothingElse: Rest = {
  tracestate: undefined,
  events: [],
  failure: undefined,
  droppedAttributes: 0,
  droppedEvents: 0,
}

// The number of values that each span has in the array of ids, and in the array of times.
const idColumns = 8
const timeColumns = 2
const hasParentFlag = 1
const isContinuedFlag = 2

/**
 * Stores spans in columns: arrays allocated once. Span objects would live just long enough for the
 * garbage collector to move each of them twice. In a busy service, that would cost more than the
 * rest of the recording.
 */
export class SpanStore implements Slots<RecordedSpan, FinishedSpan> {
  readonly #ids: Int32Array
  readonly #times: Float64Array
  readonly #flags: Uint8Array
  readonly #ownLengths: Uint16Array
  readonly #own: AttributeValue[][] = []
  readonly #names: string[] = []
  readonly #kinds: SpanKind[] = []
  readonly #attributes: Attributes[] = []
  readonly #rests: Rest[] = []

  constructor(size: number) {
    this.#ids = new Int32Array(size * idColumns)
    this.#times = new Float64Array(size * timeColumns)
    this.#flags = new Uint8Array(size)
    this.#ownLengths = new Uint16Array(size)
  }

  write(slot: number, span: RecordedSpan): void {
    const { traceBits } = span
    const ids = this.#ids
    const id = slot * idColumns
    ids[id] = traceBits.a
    ids[id + 1] = traceBits.b
    ids[id + 2] = traceBits.c
    ids[id + 3] = traceBits.d
    ids[id + 4] = span.idHigh
    ids[id + 5] = span.idLow
    ids[id + 6] = span.parentHigh
    ids[id + 7] = span.parentLow
    this.#times[slot * timeColumns] = span.startMs
    this.#times[slot * timeColumns + 1] = span.endMs
    this.#flags[slot] = (span.hasParent ? hasParentFlag : 0) | (span.isContinued ? isContinuedFlag : 0)
    this.#names[slot] = span.name
    this.#kinds[slot] = span.kind
    this.#attributes[slot] = span.attributes
    this.#writeOwn(slot, span.own)
    const hasRest =
      span.failure !== undefined ||
      span.events !== undefined ||
      span.droppedAttributes > 0 ||
      span.origin?.tracestate !== undefined
    this.#rests[slot] = hasRest ? restOf(span) : nothingElse
  }

  read(slot: number): FinishedSpan {
    const flags = this.#flags[slot]!
    const { tracestate, ...rest } = this.#rests[slot]!
    const trace = this.#readTrace(slot, (flags & hasParentFlag) !== 0)
    return {
      trace: tracestate === undefined ? trace : { ...trace, tracestate },
      name: this.#names[slot]!,
      kind: this.#kinds[slot]!,
      startMs: this.#times[slot * timeColumns]!,
      endMs: this.#times[slot * timeColumns + 1]!,
      sharedAttributes: this.#attributes[slot]!,
      ownAttributes: this.#readOwn(slot),
      isContinued: (flags & isContinuedFlag) !== 0,
      ...rest,
    }
  }

  #writeOwn(slot: number, own: readonly AttributeValue[] | undefined): void {
    const length = own?.length ?? 0
    this.#ownLengths[slot] = length
    if (!own || length === 0) return
    const kept = (this.#own[slot] ??= [])
    for (let at = 0; at < length; at += 1) kept[at] = own[at]!
  }

  #readOwn(slot: number): ReadonlyMap<string, AttributeValue> {
    const own = new Map<string, AttributeValue>()
    const kept = this.#own[slot]
    for (let at = 0; at < this.#ownLengths[slot]!; at += 2) own.set(String(kept![at]), kept![at + 1]!)
    return own
  }

  #readTrace(slot: number, hasParent: boolean): TraceContext {
    const [a, b, c, d, high, low, parentHigh, parentLow] = this.#ids.subarray(
      slot * idColumns,
      (slot + 1) * idColumns,
    ) as unknown as [number, number, number, number, number, number, number, number]
    return {
      traceId: toTraceId({ a, b, c, d }),
      spanId: toSpanId(high, low),
      ...(hasParent ? { parentSpanId: toSpanId(parentHigh, parentLow) } : {}),
      sampled: true,
    }
  }
}

function restOf({ origin, events = [], failure, droppedAttributes, droppedEvents }: RecordedSpan): Rest {
  return { tracestate: origin?.tracestate, events, failure, droppedAttributes, droppedEvents }
}
