import type { Attributes, AttributeValue } from '../../kernel/span.ts'

// A value is there to be read by people; a statement of a megabyte must not make a batch that no receiver takes.
const longestText = 4_096

const encoded = new WeakMap<Attributes, string>()

/**
 * Attributes as the content of a JSON array of OTLP `KeyValue`. What many spans share is encoded once; it must not change
 * afterwards.
 */
export function encodeShared(attributes: Attributes): string {
  const known = encoded.get(attributes)
  if (known !== undefined) return known
  const text = encodeAttributes(Object.entries(attributes))
  encoded.set(attributes, text)
  return text
}

/** Attributes as the content of a JSON array of OTLP `KeyValue`. */
export function encodeAttributes(attributes: readonly (readonly [string, AttributeValue])[]): string {
  return attributes.map(([name, value]) => `{"key":${encodeText(name)},"value":${encodeValue(value)}}`).join()
}

/** A text as JSON: cut where it is too long, and without halves of characters, which receivers refuse. */
export function encodeText(text: string): string {
  return JSON.stringify((text.length > longestText ? text.slice(0, longestText) : text).toWellFormed())
}

/** A number as protobuf's JSON writes a `double`. */
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
