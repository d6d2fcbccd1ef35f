import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { SlowestFirst } from './checks/slowest-first.ts'
import { testWire } from './packages/holdfast/test/test-wire.ts'

// Vitest's workers and the hundreds of programs that tests start inherit this variable. Without the
// cache, each of them spends half of its CPU time on stripping types and compiling modules.
process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, 'node_modules/.cache/compile')
// The compiler and the type-aware part of the linter are Go programs. With a larger heap, they
// collect garbage less often, which saves an eighth of their CPU time.
process.env['GOGC'] ??= '400'

export default defineConfig({
  plugins: [testWire()],
  // The first condition resolves the packages of this repository to their sources; the others are
  // the defaults of Vite without `module`, which Node does not know: it selects files for bundlers,
  // such as those of the AWS SDK, which Node cannot load.
  ssr: { resolve: { conditions: ['holdfast:source', 'node', 'development|production'] } },
  test: {
    include: ['{packages,examples,checks,docs}/**/*.test.ts'],
    globalSetup: ['packages/holdfast/src/testing/vitest.ts'],
    // A worker runs one test file after another without reloading the framework. So each file must
    // clean up after itself.
    isolate: false,
    // Two more than the number of cores, since many tests wait for leases, timeouts or processes.
    maxWorkers: availableParallelism() + 2,
    sequence: { sequencer: SlowestFirst },
    // These timeouts only detect a hang. They are far longer than a test takes on a busy machine.
    testTimeout: 300_000,
    hookTimeout: 300_000,
  },
})
