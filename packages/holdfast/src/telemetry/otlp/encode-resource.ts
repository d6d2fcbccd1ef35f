import type { Attributes } from '../../kernel/span.ts'
import { packageVersion } from '../package-version.ts'
import { encodeShared, encodeText } from './encode-attributes.ts'

/** What the records are about, as an OTLP `Resource`. */
export function encodeResource(resource: Attributes): string {
  return `{"attributes":[${encodeShared(resource)}]}`
}

/** What made the records, as an OTLP `InstrumentationScope`. */
export function encodeScope(): string {
  return `{"name":"holdfast","version":${encodeText(packageVersion())}}`
}
