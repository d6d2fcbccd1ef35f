// Runs the suites of keys, jobs and messages again, on databases with hostile settings.
//
// By default, a few suites run with all settings together. HOSTILE_SETTINGS=all runs more suites,
// and also runs them with each setting alone, because one setting can hide the effect of another.
// HOSTILE_SETTINGS=<name> runs them with one setting.

import { testSettingsVariable } from '../src/testing/template.ts'
import { afterAll, beforeAll, describe, vi } from 'vitest'

type Settings = Readonly<Record<string, string>>

const limits = [
  'statement_timeout',
  'lock_timeout',
  'idle_in_transaction_session_timeout',
  'idle_session_timeout',
]

const each: Readonly<Record<string, Settings>> = {
  'repeatable-read': { default_transaction_isolation: 'repeatable read' },
  serializable: { default_transaction_isolation: 'serializable', default_transaction_deferrable: 'on' },
  ...Object.fromEntries(limits.map((name) => [name, { [name]: '1ms' }])),
  formats: {
    DateStyle: 'SQL, DMY',
    IntervalStyle: 'sql_standard',
    TimeZone: 'Pacific/Chatham',
    bytea_output: 'escape',
    extra_float_digits: '-15',
    client_encoding: 'LATIN1',
  },
  literals: { standard_conforming_strings: 'off', array_nulls: 'off', transform_null_equals: 'on' },
  'generic-plans': { plan_cache_mode: 'force_generic_plan' },
  'custom-plans': { plan_cache_mode: 'force_custom_plan' },
  'no-row-security': { row_security: 'off' },
  messages: { client_min_messages: 'debug1', log_min_messages: 'panic' },
}

// If two settings exclude each other, only the worse one is applied.
const combined: Settings = Object.assign({}, ...Object.values(each), {
  default_transaction_isolation: 'serializable',
  plan_cache_mode: 'force_generic_plan',
})

const asked = process.env['HOSTILE_SETTINGS']
const sets =
  asked === 'all'
    ? { combined, ...each }
    : asked === undefined
      ? { combined }
      : { [asked]: each[asked] ?? combined }

const suites: readonly (() => Promise<unknown>)[] = [
  () => import('../src/effects/jobs/engine-conformance.postgres.test.ts'),
  () => import('../src/effects/idempotency/safe-mutation.postgres.test.ts'),
  () => import('../src/effects/idempotency/duplicates.postgres.test.ts'),
  () => import('../src/effects/messages/publish.postgres.test.ts'),
]

const moreSuites: typeof suites = [
  () => import('../src/effects/jobs/steps/steps.postgres.test.ts'),
  () => import('../src/effects/idempotency/final-answers.postgres.test.ts'),
  () => import('../src/effects/messages/consumer.postgres.test.ts'),
]

for (const [name, settings] of Object.entries(sets)) {
  describe(`under hostile settings (${name})`, () => {
    const apply = (): void => {
      process.env[testSettingsVariable] = JSON.stringify(settings)
    }
    beforeAll(apply)
    afterAll(() => void Reflect.deleteProperty(process.env, testSettingsVariable))
    // Each suite is in a group, so that the suites' hooks do not mix.
    describe.each(asked === undefined ? suites : [...suites, ...moreSuites])('suite %#', async (load) => {
      // Some suites create databases while Vitest collects their tests.
      apply()
      vi.resetModules()
      await load()
    })
  })
}
