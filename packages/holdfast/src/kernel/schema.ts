import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'
import type { JsonSchema } from './json-schema.ts'

/**
 * A schema of any library that implements Standard Schema (to validate) and Standard JSON Schema (to describe):
 * Zod 4 as it stands, Valibot through its `toStandardJsonSchema`, ArkType as it stands.
 * See https://standardschema.dev.
 */
export interface Schema<Input = unknown, Output = unknown> {
  readonly '~standard': StandardSchemaV1.Props<Input, Output> & StandardJSONSchemaV1.Props<Input, Output>
}

/** What may be given to a schema, before defaults and conversions. */
export type InputOf<S extends Schema> = StandardSchemaV1.InferInput<S>

/** What a schema gives once it has validated. */
export type OutputOf<S extends Schema> = StandardSchemaV1.InferOutput<S>

/** One thing that a schema found wrong. */
export type SchemaIssue = StandardSchemaV1.Issue

/**
 * The JSON Schema of what a schema takes (`'input'`) or gives (`'output'`).
 * Throws whatever the schema's library throws where JSON Schema cannot say it (a `Date`, a transformation).
 */
export function toJsonSchema(schema: Schema, side: 'input' | 'output'): JsonSchema {
  return schema['~standard'].jsonSchema[side]({ target: 'draft-2020-12' }) as JsonSchema
}

/** Validates a value; synchronous where the schema is. */
export function validate<Output>(
  schema: Schema<unknown, Output>,
  value: unknown,
): StandardSchemaV1.Result<Output> | Promise<StandardSchemaV1.Result<Output>> {
  return schema['~standard'].validate(value)
}

/** What a schema makes of a value, or what it found wrong with it. */
export type ParseResult = StandardSchemaV1.Result<unknown>

/** Returns where and how a value is wrong, a line for each issue: `#/items/0: expected string`. */
export function listIssues(issues: readonly SchemaIssue[]): readonly string[] {
  return issues.map((issue) => `${toPointer(pathOf(issue))}: ${issue.message}`)
}

/** Returns the first few of the issues of a value in one line, for the message of an error. */
export function summarizeIssues(issues: readonly SchemaIssue[]): string {
  return listIssues(issues.slice(0, 5)).join('; ')
}

/** The keys from the root to the place of an issue. */
export function pathOf(issue: SchemaIssue): readonly PropertyKey[] {
  return (issue.path ?? []).map((part) => (typeof part === 'object' ? part.key : part))
}

/** A path as a JSON Pointer in its URI fragment form (RFC 6901 section 6): `#/items/0/name`. */
export function toPointer(path: readonly PropertyKey[]): string {
  const parts = path.map((key) =>
    encodeURIComponent(String(key).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')),
  )
  return parts.length === 0 ? '#' : `#/${parts.join('/')}`
}

/**
 * A schema that describes the framework's own values in JSON Schema and takes them as they are: the compiler has
 * checked them.
 */
export function described<T>(jsonSchema: JsonSchema): Schema<T, T> {
  return ownSchema([], {
    '~standard': {
      version: 1,
      vendor: 'holdfast',
      validate: (value) => ({ value: value as T }),
      jsonSchema: { input: () => ({ ...jsonSchema }), output: () => ({ ...jsonSchema }) },
    },
  })
}

const ownParts = new WeakMap<object, readonly Schema[]>()

/** Marks a schema as one of the framework's own: it declares what its JSON Schema says, and converts only by its parts. */
export function ownSchema<S extends Schema>(parts: readonly Schema[], schema: S): S {
  ownParts.set(schema, parts)
  return schema
}

/** Returns the schemas that one of the framework's own is made of; `undefined` if it is of another library. */
export function partsOf(schema: Schema): readonly Schema[] | undefined {
  return ownParts.get(schema)
}
