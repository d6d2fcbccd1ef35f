import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import type { Plugin } from 'vitest/config'

/*
 * Runs the tests with a different default for the option `wire`:
 * `HOLDFAST_TEST_WIRE=holdfast npm test`. The constant in default-wire.ts is replaced in Vitest, in
 * each program that a test starts, and in bundled programs.
 */

const wireNames = ['holdfast', 'pg']

/** Returns the wire selected for the tests; `undefined` for the default. */
function selectedWire(): string | undefined {
  const name = process.env['HOLDFAST_TEST_WIRE'] ?? ''
  if (name === '') return undefined
  assert(wireNames.includes(name), `HOLDFAST_TEST_WIRE is ${name}; set it to ${wireNames.join(' or ')}.`)
  return name
}

/** Returns the text of a module if the selected wire replaces the module. */
export function replacedModule(id: string): string | undefined {
  const wire = selectedWire()
  if (wire === undefined || !id.endsWith('/wire/default-wire.ts')) return undefined
  return `export const defaultWire = '${wire}'`
}

/** A Vitest plugin that selects the wire, also for all child processes. */
export function testWire(): Plugin {
  const wire = selectedWire()
  if (wire === undefined) return { name: 'test-wire' }
  process.env['NODE_OPTIONS'] = `${process.env['NODE_OPTIONS'] ?? ''} --import=${import.meta.url}`
  return {
    name: 'test-wire',
    enforce: 'pre',
    // Vitest caches transformed modules by the contents of their files, so each wire needs a
    // separate cache.
    config: () => ({ test: { fsModuleCachePath: `node_modules/.vitest-cache-${wire}` } }),
    load: replacedModule,
  }
}

// Programs started by tests load this module with `--import`.
if (selectedWire() !== undefined) {
  registerHooks({
    load(url, context, next) {
      const source = replacedModule(url)
      return source === undefined ? next(url, context) : { format: 'module', shortCircuit: true, source }
    },
  })
}
