// Applies one mutant at a time to a copy of the repository, and runs the tests that must detect it.
//
// One Vitest process runs at a time. The controls come first: without any mutant, the same tests
// must pass. The exit status is 1 if a control fails, or if a mutant survives, is stale or is
// broken.
import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { findMutants } from './all-mutants.ts'
import { copyRepository } from './copy-repository.ts'
import { tryMutant, type Verdict } from './try-mutant.ts'
import type { Mutant } from './mutant.ts'
import { runControls } from './run-controls.ts'

const { values, positionals } = parseArgs({ options: { list: { type: 'boolean' } }, allowPositionals: true })
const mutants = findMutants(positionals)
const stopping = new AbortController()

if (mutants.length === 0) {
  console.error(`No mutant has an area or a name with: ${positionals.join(', ')}`)
  process.exitCode = 1
} else if (values.list === true) {
  for (const { name, file, why } of mutants) console.log(`${name} (${file})\n    ${why}`)
} else {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stopping.abort())
  const root = copyRepository(resolve(import.meta.dirname, '../..'))
  try {
    process.exitCode = (await areControlsGreen(root)) && (await areKilled(root)) ? 0 : 1
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

async function areControlsGreen(root: string): Promise<boolean> {
  let isGreen = true
  for await (const { file, faults } of runControls(mutants, root, stopping.signal)) {
    if (stopping.signal.aborted) return false
    console.log(`${faults.length === 0 ? 'passes' : 'FAILS'}   ${file}`)
    for (const fault of faults) console.error(`    ${fault}`)
    isGreen &&= faults.length === 0
  }
  return isGreen
}

async function areKilled(root: string): Promise<boolean> {
  const counts: Record<Verdict, number> = { killed: 0, survived: 0, stale: 0, broken: 0 }
  for (const mutant of mutants) {
    const verdict = await report(mutant, root)
    if (stopping.signal.aborted) return false
    counts[verdict] += 1
  }
  console.log(
    Object.entries(counts)
      .map(([verdict, count]) => `${count} ${verdict}`)
      .join(', '),
  )
  return counts.killed === mutants.length
}

async function report(mutant: Mutant, root: string): Promise<Verdict> {
  const startedAt = performance.now()
  const { verdict, detail } = await tryMutant(mutant, root, stopping.signal)
  if (stopping.signal.aborted) return verdict
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1)
  console.log(`${verdict === 'killed' ? verdict : verdict.toUpperCase()}   ${mutant.name} (${seconds} s)`)
  if (verdict !== 'killed') console.error(`    ${mutant.why}\n    ${detail}`)
  return verdict
}
