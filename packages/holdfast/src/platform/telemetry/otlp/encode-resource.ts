import type { Attributes } from '../../../kernel/telemetry/span.ts'
import { packageVersion } from '../package-version.ts'
import { encodeShared, encodeText } from './encode-attributes.ts'

/** Returns attributes as an OTLP `Resource`, the source of the records. */
export function encodeResource(resource: Attributes): string {
  return `{"attributes":[${encodeShared(resource)}]}`
}

/** Returns the OTLP `InstrumentationScope` of the records. */
export function encodeScope(): string {
  return `{"name":"holdfast","version":${encodeText(packageVersion())}}`
}
