#!/usr/bin/env node
import { runCommandLine } from './run-command-line.ts'

// The reader has closed the pipe: `holdfast jobs list | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  process.exit(error.code === 'EPIPE' ? 0 : 1)
})

process.exitCode = await runCommandLine(process.argv.slice(2))
