import type { ParamPattern, TSType, TSTypeName, TSTypeParameterDeclaration } from 'oxc-parser'
import { findDeclaration, type SourceModule } from './source-module.ts'

/** The file of a type, and the type parameters that the type may use. */
export interface TypeScope {
  readonly module: SourceModule
  readonly parameters: TSTypeParameterDeclaration | null | undefined
}

/** Types shown with their type arguments. Other types are shown without them. */
const withArguments: ReadonlySet<string> = new Set(['Record', 'Partial', 'Promise', 'InputOf', 'OutputOf'])
/** Types that are replaced by their first type argument. */
const transparent: ReadonlySet<string> = new Set(['Readonly', 'NoInfer', 'PromiseLike', 'Omit', 'Pick'])

/**
 * Returns the text that an option table shows for a type: without `readonly` and `undefined`, and
 * with few type arguments. The name of a union of literals is replaced by its members.
 */
export function toTypeText(type: TSType, scope: TypeScope): string {
  const show = (inner: TSType): string => toTypeText(inner, scope)
  const inUnion = (inner: TSType): string =>
    inner.type === 'TSFunctionType' ? `(${show(inner)})` : show(inner)
  switch (type.type) {
    case 'TSUnionType': {
      const members = type.types.filter((member) => member.type !== 'TSUndefinedKeyword').map(inUnion)
      // If a union contains both a type and a promise of it, only the type is shown.
      return members.filter((text) => !members.some((other) => text === `Promise<${other}>`)).join(' | ')
    }
    case 'TSIntersectionType':
      return type.types.map(inUnion).join(' & ')
    case 'TSArrayType':
      return isCompound(type.elementType) ? `(${show(type.elementType)})[]` : `${show(type.elementType)}[]`
    case 'TSTypeOperator':
      return type.operator === 'readonly' ? show(type.typeAnnotation) : toSource(type, scope)
    case 'TSParenthesizedType':
      return show(type.typeAnnotation)
    case 'TSFunctionType':
      return `${toParameters(type.params)} => ${show(type.returnType.typeAnnotation)}`
    case 'TSTypeLiteral':
      return `{ ${type.members.map((member) => toMemberText(member, scope)).join('; ')} }`
    case 'TSIndexedAccessType':
      return toPropertyText(type.objectType, type.indexType, scope) ?? toSource(type, scope)
    case 'TSTypeReference':
      return toReferenceText(toName(type.typeName), type.typeArguments?.params ?? [], scope)
    default:
      return toSource(type, scope)
  }
}

/** Returns the text that a table shows for a function's parameters: only their names. */
export function toParameters(parameters: readonly ParamPattern[]): string {
  return `(${parameters.map(toParameter).join(', ')})`
}

function toParameter(parameter: ParamPattern): string {
  if (parameter.type === 'Identifier') {
    const { name, optional } = parameter
    return optional ? `${name}?` : name
  }
  if (parameter.type !== 'AssignmentPattern') return '…'
  // A destructured parameter has no name.
  const { name = 'options' } = parameter.left as { readonly name?: string }
  return `${name}?`
}

function toReferenceText(name: string, args: readonly TSType[], scope: TypeScope): string {
  if (transparent.has(name) && args[0]) return toTypeText(args[0], scope)
  const parameter = scope.parameters?.params.find((candidate) => candidate.name.name === name)
  if (parameter?.constraint) return toTypeText(parameter.constraint, scope)
  if (withArguments.has(name) && args.length > 0) {
    const inner = name.endsWith('Of')
      ? args.map((arg) => toSource(arg, scope))
      : args.map((arg) => toTypeText(arg, scope))
    return `${name}<${inner.join(', ')}>`
  }
  return toLiterals(name, scope) ?? name
}

/**
 * Returns the text for the type of a property, such as `Host['env']`; `undefined` if the package
 * does not declare that property.
 */
function toPropertyText(object: TSType, index: TSType, { module }: TypeScope): string | undefined {
  if (object.type !== 'TSTypeReference' || index.type !== 'TSLiteralType') return undefined
  const declared = findDeclaration(module, toName(object.typeName))
  if (declared?.node.type !== 'TSInterfaceDeclaration' || index.literal.type !== 'Literal') return undefined
  const { body, typeParameters: parameters } = declared.node
  const { value } = index.literal
  for (const member of body.body) {
    if (member.type !== 'TSPropertySignature' || member.key.type !== 'Identifier') continue
    if (member.key.name !== value || !member.typeAnnotation) continue
    return toTypeText(member.typeAnnotation.typeAnnotation, { module: declared.module, parameters })
  }
  return undefined
}

/** Returns the members of a union of literals; `undefined` for any other type. */
function toLiterals(name: string, { module }: TypeScope): string | undefined {
  const declared = findDeclaration(module, name)
  if (declared?.node.type !== 'TSTypeAliasDeclaration') return undefined
  const type = declared.node.typeAnnotation
  if (type.type !== 'TSUnionType' || type.types.some((member) => member.type !== 'TSLiteralType'))
    return undefined
  return toTypeText(type, { module: declared.module, parameters: undefined })
}

type Member = Extract<TSType, { type: 'TSTypeLiteral' }>['members'][number]

function toMemberText(member: Member, scope: TypeScope): string {
  if (member.type !== 'TSPropertySignature' || member.key.type !== 'Identifier' || !member.typeAnnotation)
    return toSource(member, scope)
  const mark = member.optional ? '?' : ''
  return `${member.key.name}${mark}: ${toTypeText(member.typeAnnotation.typeAnnotation, scope)}`
}

function toSource(
  { start, end }: { readonly start: number; readonly end: number },
  { module }: TypeScope,
): string {
  return module.text.slice(start, end).replaceAll(/\s+/g, ' ')
}

function isCompound(type: TSType): boolean {
  if (type.type === 'TSParenthesizedType') return isCompound(type.typeAnnotation)
  return type.type === 'TSUnionType' || type.type === 'TSFunctionType'
}

function toName(name: TSTypeName): string {
  if (name.type === 'Identifier') return name.name
  return name.type === 'TSQualifiedName' ? `${toName(name.left)}.${name.right.name}` : 'this'
}
