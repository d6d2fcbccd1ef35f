import type { Schema } from './schema.ts'

/**
 * How a schema of Zod 4 is built: the part of `_zod.def`, which Zod keeps for libraries, that tells what parsing does to a
 * value. See https://zod.dev/library-authors.
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

/** Returns how a schema of Zod is built; `undefined` if it is of another library. */
export function zodDefinitionOf(schema: Schema): ZodDefinition | undefined {
  if (schema['~standard'].vendor !== 'zod') return undefined
  return (schema as Schema & { readonly _zod?: { readonly def: ZodDefinition } })._zod?.def
}

/** Returns the schemas that a schema is built of. */
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
