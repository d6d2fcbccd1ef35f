import { createProjection, merge, type Projection } from './projection.ts'
import { onlyCuts } from './parsing.ts'
import { type ParseResult, partsOf, type Schema, type SchemaIssue, toJsonSchema, validate } from './schema.ts'
import { hasOpenAlternatives, type ZodDefinition, zodDefinitionOf } from './zod-definition.ts'

/**
 * A value that is stored now and parsed when it is read: the input of a job, the payload of a
 * message.
 */
export type StoredInput =
  | {
      readonly issues?: undefined
      /** The value to store: the members of the given value that the schema declares. */
      readonly stored: unknown
      /** The result of parsing the stored value. */
      readonly value: unknown
    }
  | { readonly issues: readonly SchemaIssue[] }

/**
 * Parses a value and removes the members that its schema does not declare. Returns a promise only
 * if the schema is asynchronous.
 */
export type ReadInput = (given: unknown) => StoredInput | Promise<StoredInput>

const readers = new WeakMap<Schema, ReadInput>()

/**
 * Returns a function that prepares values of a schema for storage. When the values are read, they
 * are parsed again, perhaps by a later version of the schema. Therefore the stored value is the
 * given one, before defaults and conversions, without the members that the schema does not declare.
 * Parsing the stored value returns the same value again.
 */
export function storedInputOf(schema: Schema): ReadInput {
  const known = readers.get(schema)
  if (known) return known
  const made = createReader(schema)
  readers.set(schema, made)
  return made
}

function createReader(schema: Schema): ReadInput {
  // Parsing has already removed undeclared members, and has changed nothing else.
  if (!partsOf(schema) && onlyCuts(schema))
    return (given) => read(schema, given, (value) => ({ stored: value, value }))
  const definition = zodDefinitionOf(schema)
  if (partsOf(schema)?.length === 0 && definition?.coerce !== true) {
    const cut = createProjection(toJsonSchema(schema, 'input'))
    return (given) => read(schema, given, (value) => ({ stored: cut(given), value }))
  }
  if (definition) {
    const cut = projectionOf(schema, new Map())
    if (hasOpenAlternatives(schema)) return proving(schema, cut, (value) => [value])
    return (given) => read(schema, given, (value) => ({ stored: cut(given), value }))
  }
  return createProvingReader(schema)
}

function read(
  schema: Schema,
  given: unknown,
  store: (value: unknown) => StoredInput | Promise<StoredInput>,
): StoredInput | Promise<StoredInput> {
  const finish = (result: ParseResult): StoredInput | Promise<StoredInput> =>
    result.issues ? { issues: result.issues } : store(result.value)
  const result = validate(schema, given)
  return result instanceof Promise ? result.then(finish) : finish(result)
}

/** Returns the projection of values that match the input side of a Zod schema. */
function projectionOf(schema: Schema, built: Map<Schema, Projection>): Projection {
  const known = built.get(schema)
  if (known) return known
  let project: Projection = identity
  // The projection is registered before it is built, so that a recursive schema can refer to
  // itself.
  built.set(schema, (value) => project(value))
  const definition = zodDefinitionOf(schema)
  if (definition) project = construct(definition, (part) => projectionOf(part, built))
  return project
}

const identity: Projection = (value) => value

type Build = (schema: Schema) => Projection

function construct(definition: ZodDefinition, build: Build): Projection {
  const { type, innerType, getter, left, right, element, valueType } = definition
  switch (type) {
    case 'object':
      return projectObject(definition, build)
    case 'array':
      return mapItems([], build(element!))
    case 'tuple':
      return mapItems(definition.items!.map(build), definition.rest ? build(definition.rest) : identity)
    case 'record':
      return mapMembers(build(valueType!))
    case 'union':
      return projectUnion(definition.options!, build)
    case 'intersection': {
      const sides = [build(left!), build(right!)]
      return (value) => sides.map((side) => side(value)).reduce(merge)
    }
    case 'pipe':
      return build(definition.in!)
    case 'lazy':
      return lazily(() => build(getter!()))
    default:
      if (definition.coerce === true) return (value) => coerce(type, value)
      if (primitives.has(type)) return withoutMembers
      // A transformation may read any member, so all members are kept.
      return innerType ? build(innerType) : identity
  }
}

/**
 * Zod types that accept no object or array. With `.catch()`, they replace an object or array with a
 * different value.
 */
const primitives: ReadonlySet<string> = new Set([
  'bigint',
  'boolean',
  'enum',
  'literal',
  'nan',
  'never',
  'null',
  'number',
  'string',
  'template_literal',
  'undefined',
])

/**
 * Converts an object or array to a primitive as `z.coerce` does, since a schema such as
 * `z.coerce.string()` accepts any object. Converting the result again returns the same value.
 */
function coerce(type: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  switch (type) {
    case 'number':
      return Number(value)
    case 'boolean':
      return Boolean(value)
    case 'date':
      return new Date(value as Date)
    default:
      // Converts the value to the same text as Zod does.
      // oxlint-disable-next-line typescript/no-base-to-string
      return String(value)
  }
}

function projectObject({ shape = {}, catchall }: ZodDefinition, build: Build): Projection {
  const declared = Object.entries(shape).map(([key, member]) => [key, build(member)] as const)
  const names = new Set([...Object.keys(shape), '__proto__'])
  const others = catchall && zodDefinitionOf(catchall)?.type !== 'never' ? build(catchall) : undefined
  return (value) => {
    if (!isRecord(value)) return withoutMembers(value)
    const copy: Record<string, unknown> = {}
    for (const [key, project] of declared) if (value[key] !== undefined) copy[key] = project(value[key])
    if (!others) return copy
    for (const key of Object.keys(value)) if (!names.has(key)) copy[key] = others(value[key])
    return copy
  }
}

function mapItems(first: readonly Projection[], rest: Projection): Projection {
  return (value) =>
    Array.isArray(value) ? value.map((item, index) => (first[index] ?? rest)(item)) : withoutMembers(value)
}

function mapMembers(project: Projection): Projection {
  return (value) =>
    isRecord(value)
      ? Object.fromEntries(Object.entries(value).map(([key, member]) => [key, project(member)]))
      : withoutMembers(value)
}

/** Projects a value that does not match the schema. `.catch()` accepts such a value. */
function withoutMembers(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  return Array.isArray(value) ? [] : {}
}

function projectUnion(options: readonly Schema[], build: Build): Projection {
  const choices = options.map((option) => ({ option, project: build(option) }))
  return (value) => {
    if (typeof value !== 'object' || value === null) return value
    for (const { option, project } of choices) {
      const result = validate(option, value)
      // The projection is synchronous and cannot wait for an asynchronous schema.
      if (result instanceof Promise) break
      if (!result.issues) return project(value)
    }
    // The alternative is unknown, so the members of all alternatives are kept. Parsing then selects
    // the same alternative again.
    return choices.map(({ project }) => project(value)).reduce(merge)
  }
}

function lazily(make: () => Projection): Projection {
  let made: Projection | undefined
  return (value) => (made ??= make())(value)
}

/**
 * Returns the reader for the schema of a library other than Zod. Only the JSON Schema shows which
 * members the schema declares, and it may be incomplete.
 */
function createProvingReader(schema: Schema): ReadInput {
  let cut: Projection
  try {
    cut = createProjection(toJsonSchema(schema, 'input'))
  } catch (error) {
    const message = `its schema cannot be expressed as JSON Schema: ${error instanceof Error ? error.message : String(error)}`
    return () => ({ issues: [{ message }] })
  }
  // A library that keeps undeclared members returns `value`; a library that removes them returns
  // `cut(value)`.
  return proving(schema, cut, (value) => [value, cut(value)])
}

/**
 * Returns a reader that parses the reduced value again, and checks that the result is one of the
 * expected values.
 */
function proving(
  schema: Schema,
  cut: Projection,
  expectedFor: (value: unknown) => readonly unknown[],
): ReadInput {
  return (given) =>
    read(schema, given, (value) => {
      const stored = cut(given)
      const expected = expectedFor(value).map((one) => JSON.stringify(one))
      const prove = (again: ParseResult): StoredInput =>
        !again.issues && expected.includes(JSON.stringify(again.value))
          ? { stored, value }
          : { issues: [{ message: notCuttable }] }
      const again = validate(schema, stored)
      return again instanceof Promise ? again.then(prove) : prove(again)
    })
}

const notCuttable =
  'cannot be reduced to its declared fields, because its schema has alternatives that cannot be distinguished; add a discriminator (a constant member) to each alternative'

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
