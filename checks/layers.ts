import { readFileSync, writeFileSync } from 'node:fs'
import { architectureFile, updateArchitecture } from './architecture.ts'
import { findHubViolations } from './hub-violations.ts'
import { findImportCycles } from './import-cycles.ts'
import { type LayerTable, layerTable } from './layer-table.ts'
import { findLayerViolations } from './layer-violations.ts'
import { readModuleGraph } from './module-graph.ts'
import { findPortabilityViolations } from './portability-violations.ts'
import { findSizeViolations } from './size-violations.ts'
import { describeViolation, type Violation } from './violation.ts'

/**
 * Checks the files of a folder, and returns all violations of the rules about imports and about the
 * number of files.
 */
export function checkLayers(root: string, table: LayerTable = layerTable): readonly Violation[] {
  const graph = readModuleGraph(root)
  return [
    ...findLayerViolations(graph, table),
    ...findImportCycles(graph),
    ...findPortabilityViolations(graph),
    ...findHubViolations(graph),
    ...findSizeViolations(graph),
  ]
}

if (import.meta.main) {
  const root = `${import.meta.dirname}/..`
  if (process.argv.includes('--write')) {
    const file = `${root}/${architectureFile}`
    writeFileSync(file, updateArchitecture(readFileSync(file, 'utf8'), layerTable))
  }
  const violations = checkLayers(root)
  for (const violation of violations) console.error(describeViolation(violation))
  console.error(violations.length === 0 ? 'The layers hold.' : `${violations.length} violations.`)
  process.exitCode = violations.length === 0 ? 0 : 1
}
