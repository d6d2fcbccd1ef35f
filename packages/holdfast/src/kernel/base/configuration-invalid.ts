import { HoldfastError } from './holdfast-error.ts'

/** Returns the error for an invalid configuration. It lists every issue. */
export function configurationInvalid(issues: readonly string[]): HoldfastError {
  const [first = ''] = issues
  if (issues.length === 1) return new HoldfastError('configuration-invalid', first)
  const list = issues.map((issue) => `  - ${issue}`).join('\n')
  return new HoldfastError(
    'configuration-invalid',
    `The configuration has ${issues.length} problems:\n${list}`,
  )
}
