#!/usr/bin/env node
import { runCommandLine } from './run-command-line.ts'

// If the reader closes the pipe, as in `holdfast jobs list | head`, the command ends.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})

process.exitCode = await runCommandLine(process.argv.slice(2))
