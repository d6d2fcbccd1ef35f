/** A reference to a secret, or to a field of a secret: `vault:secret/data/shop#bank-key`. */
export interface SecretReference {
  readonly scheme: string
  readonly path: string
  /** `undefined` for the whole secret. */
  readonly field: string | undefined
}

/** A text that contains secrets: `postgres://{vault:…#username}:{vault:…#password}@db/shop`. */
export interface SecretTemplate {
  /** The texts around the references: one more than there are references. */
  readonly texts: readonly string[]
  readonly references: readonly SecretReference[]
}

const referenceForm = /^([a-z][a-z0-9-]*):([^#\s{}]+)(?:#([^#\s{}]+))?$/
const bracesForm = /\{([^{}]*)\}/g

/**
 * Parses the value of a variable such as `BANK_KEY_FROM`: a reference, or a text with references in
 * braces. Returns `undefined` if the value is neither.
 */
export function parseSecretTemplate(value: string): SecretTemplate | undefined {
  const whole = parseReference(value)
  if (whole) return { texts: ['', ''], references: [whole] }
  const texts: string[] = []
  const references: SecretReference[] = []
  let end = 0
  for (const match of value.matchAll(bracesForm)) {
    const reference = parseReference(match[1]!)
    if (!reference) return undefined
    references.push(reference)
    texts.push(value.slice(end, match.index))
    end = match.index + match[0].length
  }
  texts.push(value.slice(end))
  return references.length > 0 ? { texts, references } : undefined
}

function parseReference(value: string): SecretReference | undefined {
  const [, scheme, path, field] = referenceForm.exec(value) ?? []
  return scheme === undefined || path === undefined ? undefined : { scheme, path, field }
}

/** Returns the text with the values of its references. Values within a URL are percent-encoded. */
export function fillTemplate({ texts }: SecretTemplate, values: readonly string[]): string {
  const isUrl = texts[0]!.includes('://')
  return texts.map((text, index) => text + encode(values[index] ?? '', isUrl)).join('')
}

function encode(value: string, isUrl: boolean): string {
  return isUrl ? encodeURIComponent(value) : value
}

/** Returns a reference as text. A reference is not a secret. */
export function showReference({ scheme, path, field }: SecretReference): string {
  return `${scheme}:${path}${field === undefined ? '' : `#${field}`}`
}
