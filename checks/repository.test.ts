import { expect, test } from 'vitest'
import { runCommand } from './run-command.ts'

// The same commands that a person runs; each fails with what it printed.
test.each(['types', 'lint', 'format:check', 'unused'])(
  'npm run %s',
  async (script) => {
    const { exitCode, stdout, stderr } = await runCommand(['npm', 'run', '--silent', script])
    expect(exitCode, `${stdout}\n${stderr}`).toBe(0)
  },
  // A bound for what hangs: how long it takes says nothing about the code.
  600_000,
)
