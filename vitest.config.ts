import { defineConfig } from 'vitest/config'

export default defineConfig({
  // The first condition leads to the sources of this repository's own packages; the others are Vite's own.
  ssr: { resolve: { conditions: ['holdfast:source', 'module', 'node', 'development|production'] } },
  test: {
    include: ['{packages,examples,checks,docs}/**/*.test.ts'],
    globalSetup: ['packages/holdfast/src/testing/vitest.ts'],
    // Bounds for what hangs, far above what a busy machine takes.
    testTimeout: 60_000,
    hookTimeout: 300_000,
  },
})
