#!/usr/bin/env node
import 'holdfast/fast-start'

// If the reader closes the pipe, as in `holdfast jobs list | head`, the command ends.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})

// Imported after fast-start has registered its resolve hook.
const { runCommandLine } = await import('./run-command-line.ts')
process.exitCode = await runCommandLine(process.argv.slice(2))
