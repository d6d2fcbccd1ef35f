import type { Schema } from './schema.ts'

/**
 * The definition of a Zod 4 schema: the members of `_zod.def` that determine how parsing changes a
 * value. Zod keeps `_zod.def` stable for libraries. See https://zod.dev/library-authors.
 */
export interface ZodDefinition {
  readonly type: string
  readonly checks?: readonly { readonly _zod: { readonly def: ZodCheck } }[]
  /** Set if the schema itself is a check, as `z.email()` is. */
  readonly check?: string
  readonly format?: string
  readonly coerce?: boolean
  readonly shape?: Readonly<Record<string, Schema>>
  readonly catchall?: Schema
  readonly element?: Schema
  readonly items?: readonly Schema[]
  readonly rest?: Schema | null
  readonly keyType?: Schema
  readonly valueType?: Schema
  readonly options?: readonly Schema[]
  readonly discriminator?: string
  readonly left?: Schema
  readonly right?: Schema
  readonly innerType?: Schema
  readonly getter?: () => Schema
  readonly in?: Schema
  readonly out?: Schema
}

/** A check of a schema. */
export interface ZodCheck {
  readonly check?: string
  readonly format?: string
  /** The predicate of a refinement. */
  readonly fn?: unknown
}

/** Returns the definition of a Zod schema; `undefined` for any other schema. */
export function zodDefinitionOf(schema: Schema): ZodDefinition | undefined {
  if (schema['~standard'].vendor !== 'zod') return undefined
  return (schema as Schema & { readonly _zod?: { readonly def: ZodDefinition } })._zod?.def
}

/** Returns the schemas that a schema is composed of. */
export function zodPartsOf(definition: ZodDefinition): readonly Schema[] {
  const { shape, catchall, element, items, rest, keyType, valueType, options, left, right, innerType } =
    definition
  const parts = [
    ...Object.values(shape ?? {}),
    catchall,
    element,
    ...(items ?? []),
    rest,
    keyType,
    valueType,
    ...(options ?? []),
    left,
    right,
    innerType,
    definition.getter?.(),
    definition.in,
    definition.out,
  ]
  return parts.filter((part) => part !== undefined && part !== null)
}

/**
 * Returns true if a schema has alternatives without a discriminator: a value without its undeclared
 * members may then match a different alternative.
 */
export function hasOpenAlternatives(root: Schema): boolean {
  const seen = new Set<Schema>()
  const visit = (schema: Schema): boolean => {
    const definition = zodDefinitionOf(schema)
    if (!definition || seen.has(schema)) return false
    seen.add(schema)
    const isOpen = definition.type === 'union' && definition.discriminator === undefined
    return isOpen || zodPartsOf(definition).some(visit)
  }
  return visit(root)
}
