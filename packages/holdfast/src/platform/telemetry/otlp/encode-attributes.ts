import type { Attributes, AttributeValue } from '../../../kernel/telemetry/span.ts'

// Max length of a value. A longer value, such as a statement of a megabyte, could make the batch
// too large for the receiver.
const maxTextLength = 4_096

const encoded = new WeakMap<Attributes, string>()

/**
 * Returns attributes as OTLP `KeyValue` objects: the content of a JSON array. The result is cached
 * by object, so shared attributes must not change afterwards.
 */
export function encodeShared(attributes: Attributes): string {
  const known = encoded.get(attributes)
  if (known !== undefined) return known
  const text = encodeAttributes(Object.entries(attributes))
  encoded.set(attributes, text)
  return text
}

/** Returns attributes as OTLP `KeyValue` objects: the content of a JSON array. */
export function encodeAttributes(attributes: readonly (readonly [string, AttributeValue])[]): string {
  return attributes.map(([name, value]) => `{"key":${encodeText(name)},"value":${encodeValue(value)}}`).join()
}

/**
 * Returns text as JSON. Truncates long text, and replaces unpaired surrogates, which receivers
 * reject.
 */
export function encodeText(text: string): string {
  return JSON.stringify((text.length > maxTextLength ? text.slice(0, maxTextLength) : text).toWellFormed())
}

/** Encodes a number the way protobuf's JSON format writes a `double`. */
export function encodeDouble(value: number): string {
  return Number.isFinite(value) ? JSON.stringify(value) : `"${value}"`
}

function encodeValue(value: AttributeValue): string {
  switch (typeof value) {
    case 'boolean':
      return `{"boolValue":${value}}`
    case 'number':
      return Number.isSafeInteger(value)
        ? `{"intValue":"${value}"}`
        : `{"doubleValue":${encodeDouble(value)}}`
    default:
      return `{"stringValue":${encodeText(String(value))}}`
  }
}
