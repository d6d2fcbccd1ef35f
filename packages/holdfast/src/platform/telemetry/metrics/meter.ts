import type { Attributes } from '../../../kernel/telemetry/span.ts'
import type {
  Counter,
  CounterSeries,
  Histogram,
  HistogramDefinition,
  InstrumentDefinition,
  Observation,
} from '../../../kernel/telemetry/telemetry.ts'
import type { Metric, NumberPoint } from './metric.ts'
import { RecordedHistogram } from './recorded-histogram.ts'
import { createSeriesTable, keyOf, overflowAttributes } from './series-table.ts'

/** Reads the current values of an instrument. */
export type Observe = () => readonly Observation[]

/** Creates instruments and reads them. */
export interface Meter {
  histogram(definition: HistogramDefinition): Histogram
  counter(definition: InstrumentDefinition): Counter
  /** Registers values that go up and down. Returns a function that unregisters them. */
  gauge(definition: InstrumentDefinition, observe: Observe): () => void
  /** Registers sums that go up and down. Returns a function that unregisters them. */
  upDownCounter(definition: InstrumentDefinition, observe: Observe): () => void
  /**
   * Registers sums that the caller maintains and that only grow. Returns a function that
   * unregisters them.
   */
  observedCounter(definition: InstrumentDefinition, observe: Observe): () => void
  /** Returns the measurements of all instruments so far. */
  collect(): readonly Metric[]
}

/** Options of {@link createMeter}. */
export interface MeterOptions {
  /** Max number of series per instrument. */
  readonly seriesLimit: number
  /** Receives warnings about invalid instruments. */
  readonly warn: (message: string, error?: unknown) => void
}

/** Creates a meter. */
export function createMeter(options: MeterOptions): Meter {
  return new InstrumentMeter(options)
}

class InstrumentMeter implements Meter {
  readonly #instruments = new Map<string, Instrument>()
  readonly #seriesLimit: number
  readonly #warn: MeterOptions['warn']
  /** The names of the instruments already warned about. */
  readonly #warned = new Set<string>()

  constructor({ seriesLimit, warn }: MeterOptions) {
    this.#seriesLimit = seriesLimit
    this.#warn = warn
  }

  histogram(definition: HistogramDefinition): Histogram {
    return this.#instrument(definition.name, () => createHistogram(definition, this.#seriesLimit)).instrument
  }

  counter(definition: InstrumentDefinition): Counter {
    return this.#instrument(definition.name, () => createCounter(definition, this.#seriesLimit)).instrument
  }

  gauge(definition: InstrumentDefinition, observe: Observe): () => void {
    return this.#observed('gauge', definition, observe)
  }

  upDownCounter(definition: InstrumentDefinition, observe: Observe): () => void {
    return this.#observed('upDownCounter', definition, observe)
  }

  observedCounter(definition: InstrumentDefinition, observe: Observe): () => void {
    return this.#observed('counter', definition, observe)
  }

  collect(): readonly Metric[] {
    const metrics = [...this.#instruments.values()].map(({ collect }) => collect())
    return metrics.filter(({ points }) => points.length > 0)
  }

  #observed(kind: ObservedKind, definition: InstrumentDefinition, observe: Observe): () => void {
    const { observers } = this.#instrument(definition.name, (): ObservedInstrument => {
      const own = new Set<Observe>()
      return {
        kind,
        observers: own,
        collect: () => ({ kind, definition, points: this.#observeAll(definition.name, own) }),
      }
    })
    observers.add(observe)
    return () => void observers.delete(observe)
  }

  /**
   * Returns the instrument of this name. The first user of the name creates it. A later instrument
   * of the same name, but of a different kind, is not exported.
   */
  #instrument<Kind extends Instrument>(name: string, create: () => Kind): Kind {
    const made = create()
    const known = this.#instruments.get(name)
    if (!known) {
      this.#instruments.set(name, made)
      return made
    }
    if (known.kind === made.kind && 'observers' in known === 'observers' in made) return known as Kind
    this.#warnOnce(
      name,
      `The instrument "${name}" is already registered as a ${known.kind}; measurements of the second one, a ${made.kind}, are dropped. Use another name.`,
    )
    return made
  }

  #observeAll(name: string, observers: Iterable<Observe>): readonly NumberPoint[] {
    const points = new Map<string, NumberPoint>()
    for (const observe of observers) {
      try {
        for (const { value, attributes = {} } of observe()) {
          if (!Number.isFinite(value)) continue
          const key = keyOf(attributes)
          if (points.has(key) || points.size < this.#seriesLimit - 1) points.set(key, { value, attributes })
          else points.set(keyOf(overflowAttributes), { value, attributes: overflowAttributes })
        }
      } catch (error) {
        this.#warnOnce(name, `reading the instrument "${name}" failed`, error)
      }
    }
    return [...points.values()]
  }

  #warnOnce(name: string, message: string, error?: unknown): void {
    if (this.#warned.has(name)) return
    this.#warned.add(name)
    this.#warn(message, error)
  }
}

type ObservedKind = 'counter' | 'gauge' | 'upDownCounter'

interface Instrument {
  readonly kind: Metric['kind']
  readonly collect: () => Metric
}

interface OwnInstrument<Kind> extends Instrument {
  readonly instrument: Kind
}

interface ObservedInstrument extends Instrument {
  readonly observers: Set<Observe>
}

function createHistogram(definition: HistogramDefinition, seriesLimit: number): OwnInstrument<Histogram> {
  const { bounds } = definition
  const table = createSeriesTable(seriesLimit, (attributes) => new RecordedHistogram(attributes, bounds))
  return {
    kind: 'histogram',
    instrument: table,
    collect: () => ({
      kind: 'histogram',
      definition,
      bounds,
      points: Array.from(table.all, (series) => series.collect()),
    }),
  }
}

function createCounter(definition: InstrumentDefinition, seriesLimit: number): OwnInstrument<Counter> {
  const table = createSeriesTable(seriesLimit, createSum)
  return {
    kind: 'counter',
    instrument: table,
    collect: () => ({
      kind: 'counter',
      definition,
      points: Array.from(table.all, (series) => series.collect()),
    }),
  }
}

function createSum(attributes: Attributes): CounterSeries & { readonly collect: () => NumberPoint } {
  let value = 0
  return {
    add(amount = 1) {
      // The sum must only grow, because readers interpret a smaller value as a restart.
      if (amount >= 0 && amount < Number.POSITIVE_INFINITY) value += amount
    },
    collect: () => ({ attributes, value }),
  }
}
