import { createProjection, merge, type Projection } from './projection.ts'
import { onlyCuts } from './parsing.ts'
import { type ParseResult, partsOf, type Schema, type SchemaIssue, toJsonSchema, validate } from './schema.ts'
import { type ZodDefinition, zodDefinitionOf } from './zod-definition.ts'

/** A value that is stored to be parsed when it is read: the input of a job, the payload of a message. */
export type StoredInput =
  | {
      readonly issues?: undefined
      /** The part of the given value that the schema declares: what is stored. */
      readonly stored: unknown
      /** The result of parsing it: what is read. */
      readonly value: unknown
    }
  | { readonly issues: readonly SchemaIssue[] }

/** Parses a value, and cuts it to what its schema declares. Returns a promise only if the schema does. */
export type ReadInput = (given: unknown) => StoredInput | Promise<StoredInput>

const readers = new WeakMap<Schema, ReadInput>()

/**
 * Returns what makes values of a schema ready to be stored. They are parsed again when they are read, perhaps by a later
 * version of the schema, so that what is stored is what was given, before defaults and conversions, without the members
 * that the schema does not declare. Parsing it gives the same value again.
 */
export function storedInputOf(schema: Schema): ReadInput {
  const known = readers.get(schema)
  if (known) return known
  const made = createReader(schema)
  readers.set(schema, made)
  return made
}

function createReader(schema: Schema): ReadInput {
  // Parsing has cut it already, and has done nothing else.
  if (!partsOf(schema) && onlyCuts(schema))
    return (given) => read(schema, given, (value) => ({ stored: value, value }))
  if (partsOf(schema)?.length === 0) {
    const cut = createProjection(toJsonSchema(schema, 'input'))
    return (given) => read(schema, given, (value) => ({ stored: cut(given), value }))
  }
  if (zodDefinitionOf(schema)) {
    const cut = projectionOf(schema, new Map())
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

/** The projection of values that fit a schema of Zod, on the side of what is given to it. */
function projectionOf(schema: Schema, built: Map<Schema, Projection>): Projection {
  const known = built.get(schema)
  if (known) return known
  let project: Projection = identity
  // Set first, so that a recursive schema finds itself.
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
      // What a transformation reads of its value, only it knows.
      return innerType ? build(innerType) : identity
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

/** A value that does not fit, which `.catch()` allows. */
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
      // It cannot be waited for here.
      if (result instanceof Promise) break
      if (!result.issues) return project(value)
    }
    // Not known which one it is: what any of them declares is kept, and parsing finds the same one again.
    return choices.map(({ project }) => project(value)).reduce(merge)
  }
}

function lazily(make: () => Projection): Projection {
  let made: Projection | undefined
  return (value) => (made ??= make())(value)
}

/**
 * Of a schema of another library, only its JSON Schema tells what it declares, and that may say too little: what is cut is
 * parsed again, and has to give the same value.
 */
function createProvingReader(schema: Schema): ReadInput {
  let cutGiven: Projection
  try {
    cutGiven = createProjection(toJsonSchema(schema, 'input'))
  } catch (error) {
    const message = `its schema has no JSON Schema: ${error instanceof Error ? error.message : String(error)}`
    return () => ({ issues: [{ message }] })
  }
  return (given) =>
    read(schema, given, (value) => {
      const stored = cutGiven(given)
      // A library that removes nothing returns the undeclared members with the first of these.
      const expected = [value, cutGiven(value)].map((one) => JSON.stringify(one))
      const prove = (again: ParseResult): StoredInput =>
        !again.issues && expected.includes(JSON.stringify(again.value))
          ? { stored, value }
          : { issues: [{ message: notCuttable }] }
      const again = validate(schema, stored)
      return again instanceof Promise ? again.then(prove) : prove(again)
    })
}

const notCuttable =
  'cannot be cut to what its schema declares, since its JSON Schema does not tell which of several alternatives it is; use a member with a constant to tell them apart'

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
