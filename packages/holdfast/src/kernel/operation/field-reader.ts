import { isExactNumber } from '../base/exact-number.ts'
import { alternatives, type JsonSchema, resolveReference, typesOf } from '../schema/json-schema.ts'

/**
 * Converts a text to the type of a schema; returns the text unchanged if it is not a value of that
 * type.
 */
type ReadText = (text: string) => unknown

const numberForm = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** Returns true if a text is a number in JSON syntax. */
export function isNumber(text: string): boolean {
  return numberForm.test(text)
}

/**
 * Creates the reader of a field that arrives as one or more texts: from a path, a query string, or
 * an environment variable.
 */
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
  // If the schema allows any text, the text is kept: conversion would turn the name "1" into a
  // number.
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

/** Returns the values that a schema enumerates; empty if it has no `const` and no `enum`. */
function constantsOf(schema: JsonSchema): readonly unknown[] {
  return schema.const === undefined ? (schema.enum ?? []) : [schema.const]
}

function some(values: ReadonlySet<unknown>, type: 'number' | 'boolean'): boolean {
  return [...values].some((value) => typeof value === type)
}
