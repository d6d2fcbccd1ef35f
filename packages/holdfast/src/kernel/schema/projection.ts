import { alternatives, type JsonSchema, resolveReference, typesOf } from './json-schema.ts'
import { deviationsOf, fits } from './json-schema-fit.ts'

/** Returns a copy of a value with only the members that a schema declares. Never throws. */
export type Projection = (value: unknown) => unknown

/**
 * Compiles a JSON Schema into the projection of its values. Scalar values are not checked: a string
 * is copied even if the schema declares a number. Objects and arrays are always projected.
 *
 * - An object keeps the members that its schema declares.
 * - An object or array becomes empty if the schema declares neither.
 * - If the schema has alternatives, one is selected by the type of the value, or by a member that
 *   has a different constant in each alternative (a discriminator). If neither distinguishes the
 *   alternatives, the first alternative that the value matches is used, or else the first one with
 *   the fewest deviations.
 * - If several schemas apply together (`allOf`), a member is kept if any of them declares it.
 */
export function createProjection(root: JsonSchema): Projection {
  return new ProjectionCompiler(root).compile(root)
}

/** Compiles the schemas of one document, each once. */
class ProjectionCompiler {
  readonly #root: JsonSchema
  readonly #compiled = new Map<JsonSchema, Projection>()
  readonly #compile = (schema: JsonSchema): Projection => this.compile(schema)

  constructor(root: JsonSchema) {
    this.#root = root
  }

  compile(reference: JsonSchema): Projection {
    const schema = resolveReference(reference, this.#root)
    const known = this.#compiled.get(schema)
    if (known) return known
    // The function is registered before it is compiled, so that a recursive schema can refer to
    // itself.
    let project: Projection = scalar
    this.#compiled.set(schema, (value) => project(value))
    project = this.#construct(schema)
    this.#compiled.set(schema, project)
    return project
  }

  #construct(schema: JsonSchema): Projection {
    const parts = conjunctsOf(schema)
    if (parts.length > 1) return projectAll(parts.map(this.#compile))
    const only = parts[0] ?? schema
    if (only !== schema) return this.compile(only)
    if (only.anyOf ?? only.oneOf) return this.#alternatives(alternatives(only))
    const types = typesOf(schema)
    const isObject =
      types.includes('object') || schema.properties || typeof schema.additionalProperties === 'object'
    const isArray = types.includes('array') || schema.prefixItems || typeof schema.items === 'object'
    if (isObject && isArray) return byType(this.#object(schema), this.#array(schema))
    if (isObject) return this.#object(schema)
    if (isArray) return this.#array(schema)
    return parts.length === 0 ? identity : scalar
  }

  #alternatives(references: readonly JsonSchema[]): Projection {
    const choices = references.map((reference): Choice => {
      const branch = resolveReference(reference, this.#root)
      return { branch, project: this.compile(branch) }
    })
    if (choices.length === 1) return choices[0]!.project
    if (choices.every(({ project }) => project === scalar)) return scalar
    const objects = choices.filter(({ branch }) => branch.type === 'object')
    const arrays = choices.filter(({ branch }) => branch.type === 'array')
    const scalars = choices.filter(({ project }) => project === scalar)
    if (objects.length + arrays.length + scalars.length < choices.length) {
      return projectClosest(choices, this.#root)
    }
    // The common case, a nullable value: the type alone distinguishes the alternatives.
    return byType(
      objects.length > 1 ? projectTagged(objects, this.#root) : (objects[0]?.project ?? scalar),
      arrays.length > 1 ? projectClosest(arrays, this.#root) : (arrays[0]?.project ?? scalar),
    )
  }

  #object(schema: JsonSchema): Projection {
    const declared = this.#compileEach(schema.properties)
    const rest =
      typeof schema.additionalProperties === 'object' ? this.compile(schema.additionalProperties) : undefined
    const patterns = this.#compileEach(schema.patternProperties)
    const others =
      rest || patterns.length > 0 ? copyOthers(schema, { rest, patterns }, this.#root) : undefined
    return projectObject(declared, others, schema.required ?? [])
  }

  #compileEach(schemas: Readonly<Record<string, JsonSchema>> = {}): readonly NamedProjection[] {
    return Object.entries(schemas).map(([name, schema]) => [name, this.compile(schema)])
  }

  #array(schema: JsonSchema): Projection {
    const first = (schema.prefixItems ?? []).map(this.#compile)
    const rest = typeof schema.items === 'object' ? this.compile(schema.items) : undefined
    return projectArray(first, rest)
  }
}

type NamedProjection = readonly [name: string, project: Projection]

const structure = [
  '$ref',
  'type',
  'const',
  'enum',
  'not',
  'properties',
  'additionalProperties',
  'patternProperties',
  'items',
  'prefixItems',
] as const

/**
 * Returns the parts of a schema; a value must match all of them. The list is empty if every value
 * is valid.
 */
function conjunctsOf(schema: JsonSchema): readonly JsonSchema[] {
  const { allOf = [], anyOf, oneOf, ...own } = schema
  const parts = [
    ...(anyOf ? [{ anyOf }] : []),
    ...(oneOf ? [{ oneOf }] : []),
    // A part that contains only a bound or a pattern declares no members.
    ...allOf.filter((part) => conjunctsOf(part).length > 0),
  ]
  const isStructure = structure.some((keyword) => own[keyword] !== undefined)
  if (parts.length === 0) return isStructure ? [schema] : []
  if (parts.length === 1 && !isStructure && parts[0] !== allOf[0]) return [schema]
  return isStructure ? [own, ...parts] : parts
}

const identity: Projection = (value) => value

/** The projection of a schema that declares no members: an object or array becomes empty. */
const scalar: Projection = (value) => {
  if (typeof value !== 'object' || value === null) return value
  const plain = toPlain(value)
  if (typeof plain !== 'object' || plain === null) return plain
  return Array.isArray(plain) ? [] : {}
}

function byType(projectRecord: Projection, projectList: Projection): Projection {
  return (value) => (Array.isArray(value) ? projectList(value) : projectRecord(value))
}

function projectAll(parts: readonly Projection[]): Projection {
  return (value) => parts.map((part) => part(value)).reduce(merge)
}

function projectObject(
  declared: readonly NamedProjection[],
  others: CopyOthers | undefined,
  required: readonly string[],
): Projection {
  return (value) => {
    if (typeof value !== 'object' || value === null) return value
    const plain = toRecord(value, required)
    if (!isRecord(plain)) return scalar(plain)
    const copy: Record<string, unknown> = {}
    for (const [key, project] of declared) {
      const member = plain[key]
      if (member !== undefined) copy[key] = project(member)
    }
    return others ? others(plain, copy) : copy
  }
}

type CopyOthers = (from: Readonly<Record<string, unknown>>, to: Record<string, unknown>) => unknown

/** Returns a function that copies members that a schema allows but does not list by name. */
function copyOthers(
  { properties = {}, propertyNames = {} }: JsonSchema,
  {
    rest,
    patterns,
  }: { readonly rest: Projection | undefined; readonly patterns: readonly NamedProjection[] },
  root: JsonSchema,
): CopyOthers {
  const names = new Set([...Object.keys(properties), '__proto__'])
  const byPattern = patterns.map(([pattern, project]) => [new RegExp(pattern, 'u'), project] as const)
  return (from, to) => {
    for (const key of Object.keys(from)) {
      if (names.has(key) || !fits(key, propertyNames, root)) continue
      const project = byPattern.find(([pattern]) => pattern.test(key))?.[1] ?? rest
      if (project) to[key] = project(from[key])
    }
    return to
  }
}

function projectArray(first: readonly Projection[], rest: Projection | undefined): Projection {
  if (first.length === 0) {
    return rest ? (value) => (Array.isArray(value) ? value.map(rest) : scalar(value)) : scalar
  }
  return (value) => {
    if (!Array.isArray(value)) return scalar(value)
    const kept: readonly unknown[] = rest ? value : value.slice(0, first.length)
    return kept.map((item, index) => (first[index] ?? rest!)(item))
  }
}

/** One alternative of a schema. */
interface Choice {
  readonly branch: JsonSchema
  readonly project: Projection
}

function projectTagged(choices: readonly Choice[], root: JsonSchema): Projection {
  const closest = projectClosest(choices, root)
  const branches = choices.map(({ branch }) => branch)
  const tag = tagOf(branches, root)
  if (!tag) return closest
  return (value) => {
    const index = isRecord(value) ? tag.branchOf.get(value[tag.name]) : undefined
    return (index === undefined ? closest : choices[index]!.project)(value)
  }
}

function projectClosest(choices: readonly Choice[], root: JsonSchema): Projection {
  return (value) => {
    if (typeof value !== 'object' || value === null) return value
    const plain = toPlain(value)
    const fitting = choices.find(({ branch }) => fits(plain, branch, root))
    return (fitting ?? leastDeviating(choices, plain, root)).project(plain)
  }
}

/** A member whose value determines which of several branches an object matches. */
interface Tag {
  readonly name: string
  readonly branchOf: ReadonlyMap<unknown, number>
}

/** Returns a member that every branch has, with constants that no other branch has. */
function tagOf(branches: readonly JsonSchema[], root: JsonSchema): Tag | undefined {
  for (const name of branches[0]?.required ?? []) {
    const constants = branches.map(({ properties, required }) =>
      required?.includes(name) ? constantsOf(resolveReference(properties?.[name] ?? {}, root)) : [],
    )
    const branchOf = new Map(
      constants.flatMap((own, index) => own.map((constant) => [constant, index] as const)),
    )
    if (constants.every(({ length }) => length > 0) && branchOf.size === constants.flat().length)
      return { name, branchOf }
  }
  return undefined
}

function constantsOf(schema: JsonSchema): readonly unknown[] {
  return schema.const === undefined ? (schema.enum ?? []) : [schema.const]
}

function leastDeviating(choices: readonly Choice[], value: unknown, root: JsonSchema): Choice {
  let [best] = choices as readonly [Choice, ...Choice[]]
  let fewest = Infinity
  for (const choice of choices) {
    const deviations = deviationsOf(value, choice.branch, root)
    if (deviations >= fewest) continue
    best = choice
    fewest = deviations
  }
  return best
}

/** Merges two projections of one value. The result has the members of both projections. */
export function merge(a: unknown, b: unknown): unknown {
  if (Array.isArray(a) && Array.isArray(b)) {
    const [longer, shorter]: readonly unknown[][] = a.length >= b.length ? [a, b] : [b, a]
    return longer!.map((item, index) => (index < shorter!.length ? merge(item, shorter![index]) : item))
  }
  if (!isRecord(a) || !isRecord(b)) return a
  const merged: Record<string, unknown> = { ...a }
  for (const [key, member] of Object.entries(b)) {
    merged[key] = Object.hasOwn(a, key) ? merge(a[key], member) : member
  }
  return merged
}

/**
 * Returns the object to which a schema is applied: the given object if it has the required members,
 * otherwise its JSON form.
 */
function toRecord(value: object, required: readonly string[]): unknown {
  if (!('toJSON' in value)) return value
  const members = value as Readonly<Record<string, unknown>>
  const isComplete = required.length > 0 && required.every((key) => members[key] !== undefined)
  return isComplete ? value : toPlain(value)
}

/** Returns a value as `JSON.stringify` would write it, for example a `Date` as a string. */
function toPlain(value: object): unknown {
  return 'toJSON' in value && typeof value.toJSON === 'function' ? (value.toJSON() as unknown) : value
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
