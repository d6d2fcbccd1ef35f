import { expect, test } from 'vitest'
import { runCommand } from './run-command.ts'

// The commands that developers run; each fails with its output.
test.each(['types', 'lint', 'format:check', 'unused'])(
  'npm run %s',
  async (script) => {
    const { exitCode, stdout, stderr } = await runCommand(['npm', 'run', '--silent', script])
    expect(exitCode, `${stdout}\n${stderr}`).toBe(0)
  },
  // A limit for a hang: how long the command takes is not part of the verdict.
  600_000,
)
