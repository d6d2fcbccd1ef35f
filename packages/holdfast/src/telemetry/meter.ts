import type { Attributes } from '../kernel/span.ts'
import type {
  Counter,
  CounterSeries,
  Histogram,
  HistogramDefinition,
  InstrumentDefinition,
  Observation,
} from '../kernel/telemetry.ts'
import type { Metric, NumberPoint } from './metric.ts'
import { RecordedHistogram } from './recorded-histogram.ts'
import { createSeriesTable, keyOf, overflowAttributes } from './series-table.ts'

/** Reads values off. */
export type Observe = () => readonly Observation[]

/** Makes instruments, and reads them. */
export interface Meter {
  histogram(definition: HistogramDefinition): Histogram
  counter(definition: InstrumentDefinition): Counter
  /** Values that go up and down. Gives what forgets them. */
  gauge(definition: InstrumentDefinition, observe: Observe): () => void
  /** Sums that go up and down. Returns what ends them. */
  upDownCounter(definition: InstrumentDefinition, observe: Observe): () => void
  /** Sums that only grow, and are kept by somebody else. Gives what forgets them. */
  observedCounter(definition: InstrumentDefinition, observe: Observe): () => void
  /** What all instruments have measured so far. */
  collect(): readonly Metric[]
}

/** Options of {@link createMeter}. */
export interface MeterOptions {
  /** How many series an instrument has at most. */
  readonly seriesLimit: number
  /** Is told of what is wrong with an instrument. */
  readonly warn: (message: string, error?: unknown) => void
}

interface Instrument {
  readonly kind: Metric['kind']
  readonly collect: () => Metric
}

interface OwnInstrument<I> extends Instrument {
  readonly instrument: I
}

interface ObservedInstrument extends Instrument {
  readonly observers: Set<Observe>
}

/** Makes a meter. */
export function createMeter({ seriesLimit, warn }: MeterOptions): Meter {
  const instruments = new Map<string, Instrument>()
  const warned = new Set<string>()

  function warnOnce(name: string, message: string, error?: unknown): void {
    if (warned.has(name)) return
    warned.add(name)
    warn(message, error)
  }

  /** The instrument of this name, whoever asked for it first. One of another kind under its name is not shown to anybody. */
  function instrumentOf<I extends Instrument>(name: string, create: () => I): I {
    const known = instruments.get(name)
    const made = known ? undefined : create()
    if (made) instruments.set(name, made)
    if (made) return made
    const other = create()
    if (known?.kind === other.kind && 'observers' in known === 'observers' in other) return known as I
    warnOnce(
      name,
      `The instrument "${name}" is a ${known?.kind} already and cannot be another ${other.kind}: what is measured with the second is not kept. Give it a name of its own.`,
    )
    return other
  }

  function observeAll(name: string, observers: Iterable<Observe>): readonly NumberPoint[] {
    const points = new Map<string, NumberPoint>()
    for (const observe of observers) {
      try {
        for (const { value, attributes = {} } of observe()) {
          if (!Number.isFinite(value)) continue
          const key = keyOf(attributes)
          if (points.has(key) || points.size < seriesLimit - 1) points.set(key, { value, attributes })
          else points.set(keyOf(overflowAttributes), { value, attributes: overflowAttributes })
        }
      } catch (error) {
        warnOnce(name, `The instrument "${name}" could not be read.`, error)
      }
    }
    return [...points.values()]
  }

  function observed(
    kind: 'counter' | 'gauge' | 'upDownCounter',
    definition: InstrumentDefinition,
    observe: Observe,
  ): () => void {
    const { observers } = instrumentOf(definition.name, (): ObservedInstrument => {
      const own = new Set<Observe>()
      return {
        kind,
        observers: own,
        collect: () => ({ kind, definition, points: observeAll(definition.name, own) }),
      }
    })
    observers.add(observe)
    return () => void observers.delete(observe)
  }

  return {
    histogram: (definition) =>
      instrumentOf(definition.name, () => createHistogram(definition, seriesLimit)).instrument,
    counter: (definition) =>
      instrumentOf(definition.name, () => createCounter(definition, seriesLimit)).instrument,
    gauge: (definition, observe) => observed('gauge', definition, observe),
    upDownCounter: (definition, observe) => observed('upDownCounter', definition, observe),
    observedCounter: (definition, observe) => observed('counter', definition, observe),
    collect: () =>
      [...instruments.values()].map(({ collect }) => collect()).filter(({ points }) => points.length > 0),
  }
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
      // A sum that only grows: whoever reads it takes a smaller one for a restart.
      if (amount >= 0 && amount < Number.POSITIVE_INFINITY) value += amount
    },
    collect: () => ({ attributes, value }),
  }
}
