import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { SlowestFirst } from './checks/slowest-first.ts'

// Inherited by the workers and by the programs that tests start, several hundred times. Without the
// cache, each start strips the types of all modules and compiles them, half of its CPU time.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules/.cache/compile')

export default defineConfig({
  // The first condition resolves the packages of this repository to their sources; the others are
  // the defaults of Vite.
  ssr: { resolve: { conditions: ['holdfast:source', 'module', 'node', 'development|production'] } },
  test: {
    include: ['{packages,examples,checks,docs}/**/*.test.ts'],
    globalSetup: ['packages/holdfast/src/testing/vitest.ts'],
    // A worker runs one file after another, and loads the framework once. So each file cleans up
    // after itself.
    isolate: false,
    // One more than there are cores, since many tests wait: for leases, timeouts, processes.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: SlowestFirst },
    // Bounds for what hangs, far above what a busy machine takes.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
})
