import { execFileSync } from 'node:child_process'
import { cpus, release, totalmem, type } from 'node:os'
import type { Bench } from './benchmark.ts'

/** Returns a sentence with the date, the machine and the commit of the figures. */
export function describeMachine({ rounds, seconds }: Pick<Bench, 'rounds' | 'seconds'>): string {
  const date = new Date().toISOString().slice(0, 10)
  const cores = cpus()
  const memory = `${Math.round(totalmem() / 1024 ** 3)} GiB`
  const machine = `${cores.length} cores of ${cores[0]?.model.trim() ?? 'an unknown processor'}, ${memory}`
  const software = `${type()} ${release()}, Node ${process.versions.node}`
  return `Measured on ${date} at ${commit()}, on ${machine}, ${software}; ${rounds} rounds, ${seconds} s each where throughput is measured.`
}

function commit(): string {
  const git = (...words: string[]): string =>
    execFileSync('git', words, { cwd: import.meta.dirname, encoding: 'utf8', stdio: 'pipe' }).trim()
  try {
    const hasChanges = git('status', '--porcelain', '--', '../packages').length > 0
    return `commit ${git('rev-parse', '--short', 'HEAD')}${hasChanges ? ' plus uncommitted changes' : ''}`
  } catch {
    return 'an unknown commit (not a git repository)'
  }
}
