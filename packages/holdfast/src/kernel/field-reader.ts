import { isExactNumber } from './exact-number.ts'
import { alternatives, type JsonSchema, resolveReference, typesOf } from './json-schema.ts'

/** Returns the value that a schema means by a text; the text itself if it is not such a value. */
type ReadText = (text: string) => unknown

const numberForm = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** Returns true if a text has the syntax of a number in JSON. */
export function isNumber(text: string): boolean {
  return numberForm.test(text)
}

/** Builds the reader of a field that comes as text, once or several times: from a path, a query string, or a variable. */
export function fieldReader(property: JsonSchema, root: JsonSchema): (texts: readonly string[]) => unknown {
  const branches = branchesOf(property, root)
  const list = branches.find((branch) => typesOf(branch).includes('array'))
  if (list) {
    const item =
      typeof list.items === 'object' ? textReader(branchesOf(list.items, root)) : (text: string) => text
    return (texts) => texts.map(item)
  }
  const one = textReader(branches)
  return (texts) => (texts.length === 1 ? one(texts[0]!) : texts)
}

function branchesOf(schema: JsonSchema, root: JsonSchema): readonly JsonSchema[] {
  const resolved = resolveReference(schema, root)
  const own = alternatives(resolved)
  if (own.length === 1 && own[0] === resolved) return [resolved]
  return own.flatMap((branch) => branchesOf(branch, root))
}

function textReader(branches: readonly JsonSchema[]): ReadText {
  const types = new Set(branches.flatMap((branch) => typesOf(branch)))
  const constants = new Set(branches.flatMap(constantsOf))
  // Where any text is allowed, text is what was sent: guessing would turn the name "1" into a number.
  if (branches.some((branch) => typesOf(branch).includes('string') && constantsOf(branch).length === 0)) {
    return (text) => text
  }
  const isNumeric = types.has('number') || types.has('integer') || some(constants, 'number')
  const isBoolean = types.has('boolean') || some(constants, 'boolean')
  return (text) => {
    if (constants.has(text)) return text
    if (isNumeric && isNumber(text) && isExactNumber(text)) return Number(text)
    if (isBoolean && (text === 'true' || text === 'false')) return text === 'true'
    return text
  }
}

/** The values that a schema names one by one; none where it does not. */
function constantsOf(schema: JsonSchema): readonly unknown[] {
  return schema.const === undefined ? (schema.enum ?? []) : [schema.const]
}

function some(values: ReadonlySet<unknown>, type: 'number' | 'boolean'): boolean {
  return [...values].some((value) => typeof value === type)
}
