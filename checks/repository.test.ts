import { expect, test } from 'vitest'
import { runCommand } from './run-command.ts'

// The commands that developers run. If a command fails, the test shows its output. The other half
// of `npm run types` is in the package's test, which builds the package.
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
  // The limit for a hanging command. The test's result does not depend on the duration of a
  // command.
  1_800_000,
)
