import type { EngineName } from './engine-named.ts'

/** An engine with named settings. */
export interface Participant {
  readonly name: string
  readonly engine: EngineName
  /** The name of the settings in the engine's file. */
  readonly settings: string
}

const graphile = (name: string, settings: string): Participant => ({
  name: `graphile-worker, ${name}`,
  engine: 'graphile-worker',
  settings,
})

const pgBoss = (name: string, settings: string): Participant => ({
  name: `pg-boss, ${name}`,
  engine: 'pg-boss',
  settings,
})

/** The participants that use graphile-worker. */
export const graphileWorkers = {
  defaults: graphile('its defaults', 'defaults'),
  batched: graphile('batched', 'batched'),
} as const

/** The participants that use pg-boss. */
export const pgBosses = {
  defaults: pgBoss('its defaults', 'defaults'),
  oneByOne: pgBoss('one at a time, without pauses', 'one-by-one'),
  batches: pgBoss('batches of 10', 'batches'),
  largeBatches: pgBoss('batches of 500', 'large-batches'),
  transactional: pgBoss('transactional, without pauses', 'transactional'),
  notified: pgBoss('with LISTEN/NOTIFY', 'notified'),
  withHeartbeat: pgBoss('with a heartbeat of 10 s', 'with-heartbeat'),
  forgetful: pgBoss('batches of 500', 'forgetful'),
} as const

/** The participants that use Holdfast. */
export const holdfasts = {
  defaults: { name: 'holdfast', engine: 'holdfast', settings: 'defaults' },
  withoutKey: {
    name: 'holdfast, mutation without a key',
    engine: 'holdfast',
    settings: 'without-key',
  },
  withoutTelemetry: {
    name: 'holdfast, without telemetry',
    engine: 'holdfast',
    settings: 'without-telemetry',
  },
  forgetful: { name: 'holdfast', engine: 'holdfast', settings: 'forgetful' },
} as const satisfies Readonly<Record<string, Participant>>
