import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { errorCode } from './error-code.ts'

/**
 * Returns the command line of a running process: its arguments, each followed by a space;
 * `undefined` if the process is not running or is a zombie.
 */
export function processCommand(pid: number): string | undefined {
  return existsSync('/proc/self/cmdline') ? readProc(pid) : askPs(pid)
}

function readProc(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The state follows the program's name, which is in parentheses and may itself contain
    // parentheses.
    const state = stat.slice(stat.lastIndexOf(')') + 2).charAt(0)
    if (state === 'Z' || state === 'X') return undefined
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes(errorCode(error) ?? '')) return undefined
    throw error
  }
}

function askPs(pid: number): string | undefined {
  const ps = spawnSync('ps', ['-ww', '-o', 'stat=', '-o', 'command=', '-p', String(pid)], {
    encoding: 'utf8',
  })
  if (ps.error) throw ps.error
  const [, state, command] = /^(\S+)\s+(.*)\n/.exec(ps.stdout.trimStart()) ?? []
  return state === undefined || state.startsWith('Z') ? undefined : `${command} `
}
