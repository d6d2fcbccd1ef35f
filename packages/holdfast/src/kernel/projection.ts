import { HoldfastError } from './holdfast-error.ts'
import { alternatives, type JsonSchema, resolveReference, typesOf } from './json-schema.ts'

/** Copies of a value what a schema declares, and nothing else. */
export type Projection = (value: unknown) => unknown

const identity: Projection = (value) => value

/**
 * Builds the projection of a schema once, so that an answer can be written without its undeclared fields and
 * without validating it again.
 */
export function createProjection(root: JsonSchema): Projection {
  const built = new Map<JsonSchema, Projection>()

  function build(reference: JsonSchema): Projection {
    const schema = resolveReference(reference, root)
    const known = built.get(schema)
    if (known) return known
    // Set first, so that a recursive schema finds itself.
    let project: Projection = identity
    built.set(schema, (value) => project(value))
    project = construct(schema)
    built.set(schema, project)
    return project
  }

  function construct(schema: JsonSchema): Projection {
    if (schema.allOf) return projectAll(schema.allOf.map(build))
    const branches = alternatives(schema)
    if (branches.length > 1) return projectOneOf(branches.map((branch) => resolveReference(branch, root)))
    if (branches[0] !== schema && branches[0]) return build(branches[0])
    if (schema.properties || typeof schema.additionalProperties === 'object') return projectObject(schema)
    if (typesOf(schema).includes('object')) return projectObject(schema)
    if (schema.prefixItems || typeof schema.items === 'object') return projectArray(schema)
    return identity
  }

  function projectAll(parts: readonly Projection[]): Projection {
    return (value) =>
      isRecord(value) ? Object.assign({}, ...parts.map((part) => part(value) as object)) : parts[0]?.(value)
  }

  function projectOneOf(branches: readonly JsonSchema[]): Projection {
    const choices = branches.map((branch) => ({ branch, project: build(branch) }))
    if (choices.every((choice) => choice.project === identity)) return identity
    return (value) => {
      const plain = toPlain(value)
      const choice = choices.find(({ branch }) => fits(plain, branch, root))
      if (!choice) {
        throw new HoldfastError(
          'output-invalid',
          'A value fits none of the alternatives that its schema offers.',
        )
      }
      return choice.project(plain)
    }
  }

  function projectObject(schema: JsonSchema): Projection {
    const declared = Object.entries(schema.properties ?? {}).map(
      ([key, property]) => [key, build(property)] as const,
    )
    const names = new Set(declared.map(([key]) => key))
    const others =
      typeof schema.additionalProperties === 'object' ? build(schema.additionalProperties) : undefined
    return (value) => {
      const plain = toPlain(value)
      if (!isRecord(plain)) return plain
      const copy: Record<string, unknown> = {}
      for (const [key, project] of declared) {
        const member = plain[key]
        if (member !== undefined) copy[key] = project(member)
      }
      if (!others) return copy
      for (const [key, member] of Object.entries(plain)) if (!names.has(key)) copy[key] = others(member)
      return copy
    }
  }

  function projectArray(schema: JsonSchema): Projection {
    const first = (schema.prefixItems ?? []).map(build)
    const rest = typeof schema.items === 'object' ? build(schema.items) : undefined
    return (value) => {
      if (!Array.isArray(value)) return value
      const kept = rest ? value : value.slice(0, first.length)
      return kept.map((item: unknown, index) => (first[index] ?? rest ?? identity)(item))
    }
  }

  return build(root)
}

/** Whether a value is of the shape of an alternative: by its type, its constants and its required members. */
function fits(value: unknown, reference: JsonSchema, root: JsonSchema): boolean {
  const schema = resolveReference(reference, root)
  if (schema.const !== undefined) return schema.const === value
  if (schema.enum) return schema.enum.includes(value)
  if (schema.allOf) return schema.allOf.every((part) => fits(value, part, root))
  if (schema.anyOf ?? schema.oneOf) return alternatives(schema).some((branch) => fits(value, branch, root))
  const types = typesOf(schema)
  if (types.length > 0 && !types.some((type) => isOfType(value, type))) return false
  if (!isRecord(value)) return true
  if ((schema.required ?? []).some((key) => value[key] === undefined)) return false
  return Object.entries(schema.properties ?? {}).every(
    ([key, property]) => value[key] === undefined || fits(value[key], property, root),
  )
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'null':
      return value === null
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isRecord(value)
    case 'integer':
      return Number.isInteger(value)
    default:
      return typeof value === type
  }
}

/** A value as JSON.stringify would see it: a `Date`, for one, is its text. */
function toPlain(value: unknown): unknown {
  if (
    typeof value === 'object' &&
    value !== null &&
    'toJSON' in value &&
    typeof value.toJSON === 'function'
  ) {
    return value.toJSON() as unknown
  }
  return value
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
