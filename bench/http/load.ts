import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** What is asked for, and for how long. */
export interface Load {
  readonly port: number
  readonly path: string
  readonly seconds: number
  /** Whether it is a POST of a transfer, each with a key of its own. */
  readonly isMutation?: boolean
}

/** Sends requests over 20 connections from a process of its own, and gives how many were answered per second. */
export function load({ port, path, seconds, isMutation = false }: Load): Promise<number> {
  const program = fileURLToPath(new URL('./load-process.ts', import.meta.url))
  const child = spawn(
    'taskset',
    [
      '-c',
      '1',
      process.execPath,
      program,
      `http://127.0.0.1:${port}${path}`,
      String(seconds),
      isMutation ? 'POST' : 'GET',
    ],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  return new Promise((resolve) => child.once('close', () => resolve(Number(output))))
}
