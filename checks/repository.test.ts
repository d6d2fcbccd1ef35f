import { expect, test } from 'vitest'
import { runCommand } from './run-command.ts'

// The commands that developers run; each fails with its output. The test of the package runs the
// other half of `npm run types`, when it builds the package.
test.each(['tsc', 'npm run --silent lint', 'npm run --silent format:check', 'npm run --silent unused'])(
  '%s',
  async (command) => {
    const { exitCode, stdout, stderr } = await runCommand(command.split(' '))
    expect(exitCode, `${stdout}\n${stderr}`).toBe(0)
  },
  // A limit for a hang: how long the command takes is not part of the verdict.
  1_800_000,
)
