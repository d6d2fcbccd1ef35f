import { HoldfastError } from '../../kernel/base/holdfast-error.ts'
import type { JsonSchema } from '../../kernel/schema/json-schema.ts'
import { rewriteSchema } from './rewrite-schema.ts'
import { definitionsOf, followAlias, keyOf, refersToItself, signatureOf } from './schema-definitions.ts'

/** The start of every reference to a schema component. */
export const componentsBase = '#/components/schemas/'

/**
 * The schemas that the operations of a document share, collected while it is written. Names always
 * differ in more than case or punctuation, because a generator may create the same class or file
 * for `Tag` and `tag`.
 */
export interface SchemaComponents {
  /**
   * Rewrites a schema for the document: its definitions become components, and its references point
   * to these components.
   *
   * @param owner prefix for the names of unnamed definitions, and the name of the schema itself if
   * it refers to itself.
   * @param variant suffix that a definition's name gets if another schema already has the name.
   */
  embed(schema: JsonSchema, owner: string, variant?: string): JsonSchema
  /**
   * Adds a rewritten schema, and returns the reference to it.
   *
   * @param variant suffix that the name gets if another schema already has it.
   */
  add(schema: JsonSchema, name: string, variant?: string): JsonSchema
  /** Embeds a schema and adds it; a schema that is already a reference stays unchanged. */
  share(schema: JsonSchema, name: string, variant?: string): JsonSchema
  /** Returns every component, sorted by name. */
  all(): Readonly<Record<string, JsonSchema>>
}

/** Creates an empty collection. The same schemas, added in the same order, get the same names. */
export function createSchemaComponents(): SchemaComponents {
  const schemas = new Map<string, JsonSchema>()
  const reserved = new Map<string, { readonly name: string; readonly signature: string }>()

  /**
   * Returns the name of the same schema if it is already in the collection, otherwise a free name.
   */
  function reserve(wanted: string, signature: string, variant = ''): string {
    for (let attempt = 0; ; attempt += 1) {
      const name = attempt === 0 ? wanted : `${wanted}${variant}${attempt === 1 ? '' : attempt}`
      const known = reserved.get(foldName(name))
      if (known?.signature === signature) return known.name
      if (known) continue
      reserved.set(foldName(name), { name, signature })
      return name
    }
  }

  function embed(root: JsonSchema, owner: string, variant?: string): JsonSchema {
    const definitions = new Map(definitionsOf(root)).set('#', root)
    const names = new Map<string, string>()

    function referTo(reference: string): string {
      const pointer = followAlias(decodeURIComponent(reference), root)
      const definition = definitions.get(pointer)
      if (!definition) throw unknownReference(reference, owner)
      const name = names.get(pointer) ?? reserve(nameOf(pointer, owner), signatureOf(pointer, root), variant)
      if (!names.has(pointer)) {
        // The name is set before the definition is rewritten, so that a recursive definition can
        // refer to it.
        names.set(pointer, name)
        if (!schemas.has(name)) schemas.set(name, rewriteSchema(definition, referTo))
      }
      return componentsBase + name
    }

    return rewriteSchema(root, referTo)
  }

  function add(schema: JsonSchema, wanted: string, variant?: string): JsonSchema {
    const name = reserve(wanted, JSON.stringify(schema), variant)
    schemas.set(name, schema)
    return { $ref: componentsBase + name }
  }

  return {
    embed,
    add,
    share(schema, name, variant) {
      const embedded = embed(schema, name, variant)
      // The schema is already a component, because its parts refer to it.
      if (refersToItself(schema))
        return { $ref: componentsBase + reserve(name, signatureOf('#', schema), variant) }
      const isReference = embedded.$ref !== undefined && Object.keys(embedded).length === 1
      return isReference ? embedded : add(embedded, name)
    },
    all: () => Object.fromEntries([...schemas].sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

/** Returns the same text for names from which a generator creates the same class or file. */
function foldName(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9]/g, '').toLowerCase()
}

// Generated names: `__schema0` is a Zod schema without an id, `item` is the item of a page.
const unnamed = /^(?:__schema(\d+)|item)$/

/**
 * Returns the name of a definition if it has one; otherwise a name derived from the owner's name.
 */
function nameOf(pointer: string, owner: string): string {
  if (pointer === '#') return owner
  const key = keyOf(pointer)
  const generated = unnamed.exec(key)
  if (generated) return generated[1] === undefined ? `${owner}Item` : `${owner}Part${generated[1]}`
  return /^[A-Za-z0-9._-]+$/.test(key) ? key : owner + key.replaceAll(/[^A-Za-z0-9._-]/g, '')
}

function unknownReference(reference: string, owner: string): HoldfastError {
  return new HoldfastError(
    'openapi-reference-unknown',
    `The schema of ${owner} has the reference ${reference}, which is neither # nor one of its definitions. Make the schema library write the referenced schema under #/$defs.`,
  )
}
