import type { Attributes } from '../../../kernel/telemetry/span.ts'
import type { CounterSeries, HistogramSeries, Telemetry } from '../../../kernel/telemetry/telemetry.ts'

// These instruments are still in development in the semantic conventions (1.37): their names may
// change.
const count = 'db.client.connection.count'
const max = 'db.client.connection.max'
const pending = 'db.client.connection.pending_requests'
const refusals = 'holdfast.db.connection.refusals'
const waitTime = 'db.client.connection.wait_time'

const waitBounds = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 2, 5]

/** The current state of a pool. */
export interface PoolState {
  readonly max: number
  readonly open: number
  readonly idle: number
  readonly waiting: number
}

/** The instruments of an observed pool. */
export interface ObservedPool {
  /** Wait time of requests for a connection, in seconds. */
  readonly waits: HistogramSeries
  /** The number of refused requests. */
  readonly refusals: CounterSeries
  /** Stops observing. */
  forget(): void
}

/** Observes how many connections a pool has, and how long requests wait for a connection. */
export function observePool(telemetry: Telemetry, name: string, state: PoolState): ObservedPool {
  const attributes: Attributes = { 'db.client.connection.pool.name': name }
  const forgetAll = [
    telemetry.upDownCounter(
      { name: count, description: 'Open connections, by state.', unit: '{connection}' },
      () => [
        { value: state.idle, attributes: { ...attributes, 'db.client.connection.state': 'idle' } },
        {
          value: state.open - state.idle,
          attributes: { ...attributes, 'db.client.connection.state': 'used' },
        },
      ],
    ),
    telemetry.upDownCounter(
      { name: max, description: 'Max number of open connections.', unit: '{connection}' },
      () => [{ value: state.max, attributes }],
    ),
    telemetry.upDownCounter(
      { name: pending, description: 'Requests waiting for a connection.', unit: '{request}' },
      () => [{ value: state.waiting, attributes }],
    ),
  ]
  const waits = telemetry.histogram({
    name: waitTime,
    description: 'Wait time of requests for a connection.',
    unit: 's',
    bounds: waitBounds,
  })
  const refused = telemetry.counter({
    name: refusals,
    description: 'Requests for a connection that were rejected because too many others were waiting.',
    unit: '{request}',
  })
  return {
    waits: waits.with(attributes),
    refusals: refused.with(attributes),
    forget: () => forgetAll.forEach((forget) => forget()),
  }
}
