import { expect, test } from 'vitest'
import { runCommand } from './run-command.ts'

// The commands that developers run. If a command fails, the test shows its output. The other half
// of `npm run types` is in the test of the package, which builds it.
test.each([
  'tsc --checkers 1',
  'npm run --silent lint',
  'npm run --silent format:check',
  'npm run --silent unused',
])(
  '%s',
  async (command) => {
    const { exitCode, stdout, stderr } = await runCommand(command.split(' '))
    expect(exitCode, `${stdout}\n${stderr}`).toBe(0)
  },
  // The limit for a command that hangs. The duration of a command is not part of the test's result.
  1_800_000,
)
