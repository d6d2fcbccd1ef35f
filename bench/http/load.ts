import { join } from 'node:path'
import type { Processes } from '../processes.ts'
import { cpuSecondsOf } from '../cpu-seconds-of.ts'

/** The load: request, server and duration. */
export interface Load {
  readonly pid: number
  readonly port: number
  readonly path: string
  readonly seconds: number
  /** True if each request is a POST of a transfer with a new key. */
  readonly isMutation?: boolean
  /** A JSON file with a list of headers. Requests use them in turn. Default: no headers. */
  readonly headersFile?: string
}

/** The measured throughput of a server. */
export interface Throughput {
  readonly perSecond: number
  /** The 99th percentile of the response times, in milliseconds. */
  readonly p99Ms: number
  /** The CPU time of the server process per request, in microseconds. */
  readonly cpuMicroseconds: number
}

const program = join(import.meta.dirname, 'client-process.ts')

/** Sends requests over 20 connections from the second core. */
export async function load(
  processes: Processes,
  { pid, port, path, seconds, isMutation = false, headersFile }: Load,
): Promise<Throughput> {
  const url = `http://127.0.0.1:${port}${path}`
  const command = [process.execPath, program, url, String(seconds), isMutation ? 'POST' : 'GET']
  if (headersFile !== undefined) command.push(headersFile)
  const cpuBefore = cpuSecondsOf(pid)
  const { exitCode, stdout } = await processes.finish(command, { core: 1 })
  if (exitCode !== 0) throw new Error(`The client of ${url} failed.`)
  const cpuSeconds = cpuSecondsOf(pid) - cpuBefore
  const result = JSON.parse(stdout) as Result
  return {
    perSecond: result.answers / result.seconds,
    p99Ms: result.p99Ms,
    cpuMicroseconds: (cpuSeconds / result.answers) * 1e6,
  }
}

interface Result {
  readonly answers: number
  readonly seconds: number
  readonly p99Ms: number
}
