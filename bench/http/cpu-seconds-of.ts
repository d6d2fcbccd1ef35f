import { readFileSync } from 'node:fs'

// What Linux counts in, whatever the machine.
const ticksPerSecond = 100

/**
 * The processor time that a process has spent so far, in seconds; not a number where the system
 * does not say.
 */
export function cpuSecondsOf(pid: number): number {
  if (process.platform !== 'linux') return Number.NaN
  // The name in parentheses may hold blanks; from behind it, the times are the 12th and the 13th
  // field.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}
