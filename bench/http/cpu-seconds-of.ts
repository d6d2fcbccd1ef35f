import { readFileSync } from 'node:fs'

// The unit in which Linux counts processor time, on every machine.
const ticksPerSecond = 100

/**
 * Returns the processor time that a process has used so far, in seconds; `NaN` if the system does
 * not report it.
 */
export function cpuSecondsOf(pid: number): number {
  if (process.platform !== 'linux') return Number.NaN
  // The name in parentheses may contain spaces. After it, the times are the 12th and 13th fields.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}
