import { alternatives, type JsonSchema, resolveReference, typesOf } from './json-schema.ts'
import { deviationsOf, fits } from './json-schema-fit.ts'

/** Returns a copy of a value with only the members that a schema declares. Never throws. */
export type Projection = (value: unknown) => unknown

/**
 * Compiles a JSON Schema into the projection of its values. It checks values no more than
 * necessary: a string is copied even if the schema declares a number, but an object or array is
 * never copied whole.
 *
 * - An object keeps the members that its schema declares.
 * - An object or array becomes empty if the schema declares neither.
 * - Among alternatives, the type of the value decides, or a member whose constants differ (a
 *   discriminator). If neither distinguishes them, it is the first alternative that the value fits,
 *   or else the first of those with the fewest deviations.
 * - If several schemas apply at once (`allOf`), a member is kept if any of them declares it.
 */
export function createProjection(root: JsonSchema): Projection {
  const built = new Map<JsonSchema, Projection>()

  function build(reference: JsonSchema): Projection {
    const schema = resolveReference(reference, root)
    const known = built.get(schema)
    if (known) return known
    // Set first, so that a recursive schema finds itself.
    let project: Projection = scalar
    built.set(schema, (value) => project(value))
    project = construct(schema)
    built.set(schema, project)
    return project
  }

  function construct(schema: JsonSchema): Projection {
    const parts = conjunctsOf(schema)
    if (parts.length > 1) return projectAll(parts.map(build))
    const only = parts[0] ?? schema
    if (only !== schema) return build(only)
    if (only.anyOf ?? only.oneOf)
      return projectOneOf(alternatives(only).map((branch) => resolveReference(branch, root)))
    const types = typesOf(schema)
    const isObject =
      types.includes('object') || schema.properties || typeof schema.additionalProperties === 'object'
    const isArray = types.includes('array') || schema.prefixItems || typeof schema.items === 'object'
    if (isObject && isArray) return byType(projectObject(schema), projectArray(schema))
    if (isObject) return projectObject(schema)
    if (isArray) return projectArray(schema)
    return parts.length === 0 ? identity : scalar
  }

  function projectAll(parts: readonly Projection[]): Projection {
    return (value) => parts.map((part) => part(value)).reduce(merge)
  }

  function projectOneOf(branches: readonly JsonSchema[]): Projection {
    const choices = branches.map((branch) => ({ branch, project: build(branch) }))
    if (choices.length === 1) return choices[0]!.project
    if (choices.every(({ project }) => project === scalar)) return scalar
    const objects = choices.filter(({ branch }) => branch.type === 'object')
    const arrays = choices.filter(({ branch }) => branch.type === 'array')
    const scalars = choices.filter(({ project }) => project === scalar)
    if (objects.length + arrays.length + scalars.length < choices.length) return projectClosest(choices)
    // The common case, a nullable value: the type alone distinguishes the alternatives.
    return byType(
      objects.length > 1 ? projectTagged(objects) : (objects[0]?.project ?? scalar),
      arrays.length > 1 ? projectClosest(arrays) : (arrays[0]?.project ?? scalar),
    )
  }

  function projectTagged(choices: readonly Choice[]): Projection {
    const closest = projectClosest(choices)
    const tag = tagOf(choices.map(({ branch }) => branch))
    if (!tag) return closest
    return (value) => {
      const index = isRecord(value) ? tag.branchOf.get(value[tag.name]) : undefined
      return (index === undefined ? closest : choices[index]!.project)(value)
    }
  }

  function projectClosest(choices: readonly Choice[]): Projection {
    return (value) => {
      if (typeof value !== 'object' || value === null) return value
      const plain = toPlain(value)
      const fitting = choices.find(({ branch }) => fits(plain, branch, root))
      return (fitting ?? leastDeviating(choices, plain, root)).project(plain)
    }
  }

  /** Returns a member that every branch has, with constants that no other branch has. */
  function tagOf(branches: readonly JsonSchema[]): Tag | undefined {
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

  function projectObject(schema: JsonSchema): Projection {
    const declared = Object.entries(schema.properties ?? {}).map(
      ([key, property]) => [key, build(property)] as const,
    )
    const others = projectOthers(schema)
    const required = schema.required ?? []
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

  /**
   * Copies the members with arbitrary names that a schema declares; returns `undefined` if it
   * declares none.
   */
  function projectOthers(
    schema: JsonSchema,
  ): ((from: Readonly<Record<string, unknown>>, to: Record<string, unknown>) => unknown) | undefined {
    const rest =
      typeof schema.additionalProperties === 'object' ? build(schema.additionalProperties) : undefined
    const patterns = Object.entries(schema.patternProperties ?? {}).map(
      ([pattern, property]) => [new RegExp(pattern, 'u'), build(property)] as const,
    )
    if (!rest && patterns.length === 0) return undefined
    const names = new Set([...Object.keys(schema.properties ?? {}), '__proto__'])
    const { propertyNames = {} } = schema
    return (from, to) => {
      for (const key of Object.keys(from)) {
        if (names.has(key) || !fits(key, propertyNames, root)) continue
        const project = patterns.find(([pattern]) => pattern.test(key))?.[1] ?? rest
        if (project) to[key] = project(from[key])
      }
      return to
    }
  }

  function projectArray(schema: JsonSchema): Projection {
    const first = (schema.prefixItems ?? []).map(build)
    const rest = typeof schema.items === 'object' ? build(schema.items) : undefined
    if (first.length === 0)
      return rest ? (value) => (Array.isArray(value) ? value.map(rest) : scalar(value)) : scalar
    return (value) => {
      if (!Array.isArray(value)) return scalar(value)
      const kept: readonly unknown[] = rest ? value : value.slice(0, first.length)
      return kept.map((item, index) => (first[index] ?? rest!)(item))
    }
  }

  return build(root)
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

/** Returns the parts of a schema that all apply to a value; none if any value is valid. */
function conjunctsOf(schema: JsonSchema): readonly JsonSchema[] {
  const { allOf = [], anyOf, oneOf, ...own } = schema
  const parts = [
    ...(anyOf ? [{ anyOf }] : []),
    ...(oneOf ? [{ oneOf }] : []),
    // A bound or a pattern beside others declares no members.
    ...allOf.filter((part) => conjunctsOf(part).length > 0),
  ]
  const isStructure = structure.some((keyword) => own[keyword] !== undefined)
  if (parts.length === 0) return isStructure ? [schema] : []
  if (parts.length === 1 && !isStructure && parts[0] !== allOf[0]) return [schema]
  return isStructure ? [own, ...parts] : parts
}

function constantsOf(schema: JsonSchema): readonly unknown[] {
  return schema.const === undefined ? (schema.enum ?? []) : [schema.const]
}

/** A member whose value determines which of several branches an object matches. */
interface Tag {
  readonly name: string
  readonly branchOf: ReadonlyMap<unknown, number>
}

interface Choice {
  readonly branch: JsonSchema
  readonly project: Projection
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

/** Merges two projections of one value: a member is in the result if it is in either. */
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
 * Returns an object in the form that a schema reads: unchanged if it has the required members,
 * otherwise as JSON writes it.
 */
function toRecord(value: object, required: readonly string[]): unknown {
  if (!('toJSON' in value)) return value
  const members = value as Readonly<Record<string, unknown>>
  const isComplete = required.length > 0 && required.every((key) => members[key] !== undefined)
  return isComplete ? value : toPlain(value)
}

/** Returns a value as `JSON.stringify` would write it: a `Date`, for example, as a string. */
function toPlain(value: object): unknown {
  return 'toJSON' in value && typeof value.toJSON === 'function' ? (value.toJSON() as unknown) : value
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
