import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'
import type { JsonSchema } from './json-schema.ts'

/**
 * A schema of any library that implements Standard Schema (to validate) and Standard JSON Schema
 * (to describe): Zod 4 and ArkType directly, Valibot through its `toStandardJsonSchema`. See
 * https://standardschema.dev.
 */
export interface Schema<Input = unknown, Output = unknown> {
  readonly '~standard': StandardSchemaV1.Props<Input, Output> & StandardJSONSchemaV1.Props<Input, Output>
}

/** The input type of a schema, before defaults and conversions. */
export type InputOf<Given extends Schema> = StandardSchemaV1.InferInput<Given>

/** The output type of a schema, after validation. */
export type OutputOf<Given extends Schema> = StandardSchemaV1.InferOutput<Given>

/** One validation issue. */
export type SchemaIssue = StandardSchemaV1.Issue

/**
 * Returns the JSON Schema of the input or the output of a schema. If JSON Schema cannot express the
 * schema (a `Date`, a transformation), throws the schema library's error.
 */
export function toJsonSchema(schema: Schema, side: 'input' | 'output'): JsonSchema {
  return schema['~standard'].jsonSchema[side]({ target: 'draft-2020-12' }) as JsonSchema
}

/** Validates a value. Returns a promise only if the schema is asynchronous. */
export function validate<Output>(
  schema: Schema<unknown, Output>,
  value: unknown,
): StandardSchemaV1.Result<Output> | Promise<StandardSchemaV1.Result<Output>> {
  return schema['~standard'].validate(value)
}

/** The result of parsing a value: the output, or the issues. */
export type ParseResult = StandardSchemaV1.Result<unknown>

/** Returns the location and message of each issue, one line each: `#/items/0: expected string`. */
export function listIssues(issues: readonly SchemaIssue[]): readonly string[] {
  return issues.map((issue) => `${toPointer(pathOf(issue))}: ${issue.message}`)
}

/** Returns the first few issues of a value in one line, for an error message. */
export function summarizeIssues(issues: readonly SchemaIssue[]): string {
  return listIssues(issues.slice(0, 5)).join('; ')
}

/** Returns the keys from the root to the location of an issue. */
export function pathOf(issue: SchemaIssue): readonly PropertyKey[] {
  return (issue.path ?? []).map((part) => (typeof part === 'object' ? part.key : part))
}

/** Returns a path as a JSON Pointer in URI fragment form (RFC 6901 section 6): `#/items/0/name`. */
export function toPointer(path: readonly PropertyKey[]): string {
  const parts = path.map((key) =>
    encodeURIComponent(String(key).toWellFormed().replaceAll('~', '~0').replaceAll('/', '~1')),
  )
  return parts.length === 0 ? '#' : `#/${parts.join('/')}`
}

/**
 * Returns a schema for the framework's own values. It has a JSON Schema but does not validate,
 * because the TypeScript compiler has checked these values.
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

/**
 * Marks a schema as created by the framework. The JSON Schema of such a schema lists all of its
 * members, and only the schemas in `parts` convert values.
 */
export function ownSchema<Given extends Schema>(parts: readonly Schema[], schema: Given): Given {
  ownParts.set(schema, parts)
  return schema
}

/**
 * Returns the schemas that a framework schema consists of; `undefined` for a schema of a library.
 */
export function partsOf(schema: Schema): readonly Schema[] | undefined {
  return ownParts.get(schema)
}
