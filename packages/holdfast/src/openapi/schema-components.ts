import { HoldfastError } from '../kernel/holdfast-error.ts'
import type { JsonSchema } from '../kernel/json-schema.ts'
import { rewriteSchema } from './rewrite-schema.ts'
import { definitionsOf, followAlias, keyOf, refersToItself, signatureOf } from './schema-definitions.ts'

const componentsBase = '#/components/schemas/'

/** The schemas that a document shares, gathered while it is written. */
export interface SchemaComponents {
  /**
   * Makes a schema fit for the document: its definitions become components, and its references lead there.
   *
   * @param owner what definitions that have no name of their own, and the schema itself where it refers to itself, are
   * called after.
   * @param variant what is added to the name of a definition where that is taken by another one.
   */
  embed(schema: JsonSchema, owner: string, variant?: string): JsonSchema
  /** Keeps a schema that is fit for the document under a name, and gives the reference to it. */
  add(schema: JsonSchema, name: string): JsonSchema
  /** Embeds a schema and adds it; one that is a reference already stays one. */
  share(schema: JsonSchema, name: string, variant?: string): JsonSchema
  /** Every component, in the order of the names. */
  all(): Readonly<Record<string, JsonSchema>>
}

/** Begins an empty collection. The same schemas, added in the same order, get the same names. */
export function createSchemaComponents(): SchemaComponents {
  const schemas = new Map<string, JsonSchema>()
  const signatures = new Map<string, string>()

  /** The name under which the very same schema is kept already, or a free one. */
  function reserve(wanted: string, signature: string, variant = ''): string {
    for (let attempt = 0; ; attempt += 1) {
      const name = attempt === 0 ? wanted : `${wanted}${variant}${attempt === 1 ? '' : attempt}`
      const known = signatures.get(name)
      if (known === undefined) signatures.set(name, signature)
      if (known === undefined || known === signature) return name
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
        // Set first, so that a definition which refers to itself finds its name.
        names.set(pointer, name)
        if (!schemas.has(name)) schemas.set(name, rewriteSchema(definition, referTo))
      }
      return componentsBase + name
    }

    return rewriteSchema(root, referTo)
  }

  function add(schema: JsonSchema, wanted: string): JsonSchema {
    const name = reserve(wanted, JSON.stringify(schema))
    schemas.set(name, schema)
    return { $ref: componentsBase + name }
  }

  return {
    embed,
    add,
    share(schema, name, variant) {
      const embedded = embed(schema, name, variant)
      // It has become a component already, since its own parts refer to it.
      if (refersToItself(schema)) return { $ref: componentsBase + reserve(name, signatureOf('#', schema)) }
      const isReference = embedded.$ref !== undefined && Object.keys(embedded).length === 1
      return isReference ? embedded : add(embedded, name)
    },
    all: () => Object.fromEntries([...schemas].sort(([a], [b]) => (a < b ? -1 : 1))),
  }
}

// What Zod calls a definition without an id, and a page its items.
const unnamed = /^(?:__schema(\d+)|item)$/

/** The definition's own name where it has one; the owner's with something added otherwise. */
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
    `The schema of ${owner} has the reference ${reference}, which is neither # nor a definition of its own. Have its library write what it refers to below #/$defs.`,
  )
}
