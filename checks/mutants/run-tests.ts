import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

/** The tests to run. */
export interface TestRun {
  /** The root of the copy. */
  readonly root: string
  readonly file: string
  /** The names of the tests, or parts of them. */
  readonly names: readonly string[]
  /** Ends the run early. */
  readonly signal: AbortSignal
}

/** The outcome of a {@link TestRun}. */
export interface TestOutcome {
  /** The full names of the tests that passed. */
  readonly passed: readonly string[]
  readonly failed: readonly string[]
  /** The end of the run's output. */
  readonly output: string
}

/** Limits for a hanging test. They are much longer than a test takes on a busy machine. */
const testTimeoutMs = 180_000
const hookTimeoutMs = 300_000
const runTimeoutMs = 900_000

/**
 * Runs tests of one file in a separate process, until the first test fails. Resolves when the
 * process has ended.
 */
export async function runTests({ root, file, names, signal }: TestRun): Promise<TestOutcome> {
  const report = join(root, '.run', 'mutants.json')
  rmSync(report, { force: true })
  const child = spawn(
    process.execPath,
    [join(root, 'node_modules/vitest/vitest.mjs'), ...argumentsOf(file, names, report)],
    {
      cwd: root,
      env: { ...process.env, PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}` },
      stdio: ['ignore', 'pipe', 'pipe'],
      // In a separate process group, Ctrl-C reaches the tests only through this process, and
      // processes that they leave behind can be killed.
      detached: true,
    },
  )
  const interrupt = (): void => void child.kill('SIGINT')
  const either = AbortSignal.any([signal, AbortSignal.timeout(runTimeoutMs)])
  either.addEventListener('abort', interrupt)
  if (either.aborted) interrupt()
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  either.removeEventListener('abort', interrupt)
  killGroup(child.pid)
  return { ...readReport(report), output: `${stdout}\n${stderr}`.slice(-4_000) }
}

function argumentsOf(file: string, names: readonly string[], report: string): readonly string[] {
  return [
    'run',
    file,
    '--testNamePattern',
    names.map((name) => RegExp.escape(name)).join('|'),
    '--bail=1',
    `--testTimeout=${testTimeoutMs}`,
    `--hookTimeout=${hookTimeoutMs}`,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
  ]
}

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

/** Returns the tests that passed and failed; empty lists if the run ended without a report. */
function readReport(path: string): Pick<TestOutcome, 'passed' | 'failed'> {
  let report: Report
  try {
    report = JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return { passed: [], failed: [] }
  }
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults)
  const withStatus = (wanted: string): string[] =>
    tests.filter(({ status }) => status === wanted).map(({ fullName }) => fullName)
  return { passed: withStatus('passed'), failed: withStatus('failed') }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // The whole group has already ended.
  }
}
