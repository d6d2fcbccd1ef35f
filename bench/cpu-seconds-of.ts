import { existsSync, readFileSync } from 'node:fs'

// The unit of CPU times on Linux, on every machine.
const ticksPerSecond = 100

/**
 * Returns the CPU time that a process has used so far, in seconds; `NaN` if the system does
 * not report it.
 */
export function cpuSecondsOf(pid: number): number {
  const [user, system] = readTimes(pid)
  return user + system
}

/**
 * Returns the CPU time that a Postgres server has used so far, in seconds: the time of its main
 * process and of all child processes, including those that have ended. `NaN` if the system does not
 * report it.
 */
export function cpuSecondsOfPostgres(mainPid: number): number {
  if (process.platform !== 'linux') return Number.NaN
  const [user, system, userOfEnded, systemOfEnded] = readTimes(mainPid)
  const children = readFileSync(`/proc/${mainPid}/task/${mainPid}/children`, 'utf8').split(' ')
  const ofChildren = children.filter((pid) => pid !== '').map((pid) => nanosecondsOf(pid) / 1e9)
  return ofChildren.reduce((sum, seconds) => sum + seconds, user + system + userOfEnded + systemOfEnded)
}

/**
 * Returns four times in seconds: user and system time of a process, then user and system time of
 * its ended children.
 */
function readTimes(pid: number): readonly [number, number, number, number] {
  if (process.platform !== 'linux') return [Number.NaN, Number.NaN, Number.NaN, Number.NaN]
  // The name in parentheses may contain spaces. After it, the times are the 12th to 15th fields.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const seconds = (index: number): number => Number(fields[index]) / ticksPerSecond
  return [seconds(11), seconds(12), seconds(13), seconds(14)]
}

/**
 * Returns the CPU time of a process with one thread, in nanoseconds; 0 if the process has ended.
 */
function nanosecondsOf(pid: string): number {
  const file = `/proc/${pid}/schedstat`
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split(' ', 1)[0]) : 0
}
