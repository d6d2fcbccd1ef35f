import type { CompiledOperation } from '../kernel/compile.ts'

/** Whether an operation answers with pages: it takes a `cursor`, and gives the `next` one. */
export function isPaged({ kind, inputSchema, outputSchema }: CompiledOperation): boolean {
  return (
    kind === 'query' &&
    inputSchema.properties?.['cursor'] !== undefined &&
    outputSchema.properties?.['items'] !== undefined &&
    outputSchema.properties['next'] !== undefined
  )
}
