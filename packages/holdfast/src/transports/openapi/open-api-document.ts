import type { JsonSchema } from '../../kernel/schema/json-schema.ts'

/**
 * An OpenAPI 3.1 document, limited to the parts that the framework writes
 * (https://spec.openapis.org/oas/v3.1.1.html).
 */
export interface OpenApiDocument {
  readonly openapi: '3.1.1'
  /** The dialect of every schema in the document. */
  readonly jsonSchemaDialect: string
  readonly info: InfoObject
  readonly servers: readonly { readonly url: string }[]
  /** Every tag of an operation, sorted by name. */
  readonly tags: readonly TagObject[]
  readonly paths: Readonly<Record<string, PathItem>>
  readonly components: Components
}

/** The metadata of the document. */
export interface InfoObject {
  readonly title: string
  readonly version: string
  readonly description?: string
}

/** A group of operations. */
export interface TagObject {
  readonly name: string
  readonly description: string
}

/** The operations of a path, by method in lower case. */
export type PathItem = Readonly<Record<string, OperationObject>>

/** An operation. */
export interface OperationObject {
  readonly operationId: string
  readonly tags?: readonly string[]
  readonly summary?: string
  readonly description?: string
  /**
   * The security requirements. A request must meet one of them; the list is empty if the operation
   * is public.
   */
  readonly security: readonly SecurityRequirementObject[]
  /** The access rule, as written in the source, if it depends on a row. */
  readonly 'x-access'?: string
  readonly parameters: readonly (ParameterObject | Reference)[]
  readonly requestBody?: RequestBody
  /** By status. */
  readonly responses: Readonly<Record<string, ResponseObject>>
}

/** The security schemes that a request needs together, by name. */
export type SecurityRequirementObject = Readonly<Record<string, readonly string[]>>

/** An authentication method of callers. */
export type SecuritySchemeObject =
  | { readonly type: 'http'; readonly scheme: string; readonly description?: string }
  | { readonly type: 'mutualTLS'; readonly description?: string }
  | {
      readonly type: 'apiKey'
      readonly in: 'header' | 'cookie' | 'query'
      readonly name: string
      readonly description?: string
    }

/** A reference to a part of the document. */
export interface Reference {
  readonly $ref: string
}

/** A part of a request other than its body. */
export interface ParameterObject {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required?: boolean
  readonly description?: string
  readonly style?: 'form' | 'simple'
  readonly explode?: boolean
  readonly schema: JsonSchema
  readonly example?: unknown
}

/** The body of a request. */
export interface RequestBody {
  readonly required: boolean
  /** By media type. */
  readonly content: Readonly<Record<string, MediaType>>
}

/** A response of an operation. */
export interface ResponseObject {
  readonly description: string
  readonly headers: Readonly<Record<string, HeaderObject | Reference>>
  /** The body by media type. Absent if the response has no body. */
  readonly content?: Readonly<Record<string, MediaType>>
  /** Possible follow-up requests, by name. */
  readonly links?: Readonly<Record<string, LinkObject>>
}

/** A possible follow-up request. */
export interface LinkObject {
  readonly operationId: string
  /** For each parameter of the follow-up request, the expression that returns its value. */
  readonly parameters: Readonly<Record<string, string>>
}

/** A header of a response. */
export interface HeaderObject {
  readonly description?: string
  readonly schema: JsonSchema
}

/** A body in one media type. */
export interface MediaType {
  readonly schema: JsonSchema
  readonly example?: unknown
  /** By name. */
  readonly examples?: Readonly<Record<string, Reference>>
}

/** An example shared by several bodies. */
export interface ExampleObject {
  readonly summary: string
  readonly value: unknown
}

/** The parts shared by several operations, by name. */
export interface Components {
  readonly schemas: Readonly<Record<string, JsonSchema>>
  readonly parameters: Readonly<Record<string, ParameterObject>>
  readonly headers: Readonly<Record<string, HeaderObject>>
  readonly examples: Readonly<Record<string, ExampleObject>>
  readonly securitySchemes: Readonly<Record<string, SecuritySchemeObject>>
}
