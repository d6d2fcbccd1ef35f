import { HoldfastError } from 'holdfast'
import type {
  TSInterfaceHeritage,
  TSMethodSignature,
  TSPropertySignature,
  TSSignature,
  TSType,
} from 'oxc-parser'
import { type OptionText, readOptionText } from './doc-comment.ts'
import { commentBefore, type Declared, findDeclaration } from './source-module.ts'
import { toParameters, toTypeText, type TypeScope } from './type-text.ts'

/** An option: a member of an options type. */
export interface OptionMember extends OptionText {
  readonly name: string
  readonly type: string
  readonly isRequired: boolean
  /** The file and position of the option's declaration. */
  readonly id: string
  /** True if the option is declared in the type itself, not in a type that it extends. */
  readonly isOwn: boolean
}

/**
 * Returns the options of a type: first its own, then the inherited ones. `Pick`, `Omit`, `Partial`
 * and `Required` of the package's types are resolved.
 *
 * @throws HoldfastError `option-type-unreadable` if the type's members are unknown.
 */
export function membersOf(declared: Declared): readonly OptionMember[] {
  const { node, module, name } = declared
  if (node.type === 'TSInterfaceDeclaration') {
    const scope = { module, parameters: node.typeParameters }
    const own = node.body.body.flatMap((member) => toMember(member, scope))
    const inherited = node.extends.flatMap((heritage) => membersOfHeritage(heritage, declared))
    return [...own, ...inherited.filter((member) => own.every((other) => other.name !== member.name))]
  }
  if (node.type === 'TSTypeAliasDeclaration') return membersOfType(node.typeAnnotation, declared)
  throw unreadable(name, node.type)
}

function membersOfHeritage(heritage: TSInterfaceHeritage, from: Declared): readonly OptionMember[] {
  const { expression, typeArguments } = heritage
  if (expression.type !== 'Identifier') throw unreadable(from.name, expression.type)
  return membersOfReference(expression.name, typeArguments?.params ?? [], from)
}

function membersOfType(type: TSType, from: Declared): readonly OptionMember[] {
  if (type.type === 'TSIntersectionType') return type.types.flatMap((part) => membersOfType(part, from))
  if (type.type === 'TSTypeLiteral') {
    const scope = { module: from.module, parameters: undefined }
    return type.members.flatMap((member) => toMember(member, scope))
  }
  if (type.type !== 'TSTypeReference' || type.typeName.type !== 'Identifier')
    throw unreadable(from.name, type.type)
  return membersOfReference(type.typeName.name, type.typeArguments?.params ?? [], from)
}

function membersOfReference(
  name: string,
  [first, second]: readonly TSType[],
  from: Declared,
): readonly OptionMember[] {
  const inner = (): readonly OptionMember[] => {
    if (!first) throw unreadable(from.name, name)
    return membersOfType(first, from)
  }
  if (name === 'Pick') return inner().filter((member) => literalsOf(second).includes(member.name))
  if (name === 'Omit') return inner().filter((member) => !literalsOf(second).includes(member.name))
  if (name === 'Partial') return inner().map((member) => ({ ...member, isRequired: false, isOwn: false }))
  if (name === 'Required') return inner().map((member) => ({ ...member, isRequired: true, isOwn: false }))
  const declared = findDeclaration(from.module, name)
  // The type belongs to the language or to another package: `ErrorOptions`, `AsyncDisposable`.
  if (!declared) return []
  return membersOf(declared).map((member) => ({ ...member, isOwn: false }))
}

function literalsOf(type: TSType | undefined): readonly string[] {
  if (type?.type === 'TSUnionType') return type.types.flatMap(literalsOf)
  if (type?.type !== 'TSLiteralType' || type.literal.type !== 'Literal') return []
  return [String(type.literal.value)]
}

function toMember(member: TSSignature, scope: TypeScope): readonly OptionMember[] {
  if (member.type !== 'TSPropertySignature' && member.type !== 'TSMethodSignature') return []
  if (member.key.type !== 'Identifier') return []
  const { path } = scope.module
  return [
    {
      name: member.key.name,
      type: typeOf(member, scope),
      isRequired: !member.optional,
      id: `${path}:${member.start}`,
      isOwn: true,
      ...readOptionText(commentBefore(scope.module, member.start)),
    },
  ]
}

function typeOf(member: TSPropertySignature | TSMethodSignature, scope: TypeScope): string {
  const isMethod = member.type === 'TSMethodSignature'
  const annotation = isMethod ? member.returnType : member.typeAnnotation
  const type = annotation ? toTypeText(annotation.typeAnnotation, scope) : 'unknown'
  return isMethod ? `${toParameters(member.params)} => ${type}` : type
}

function unreadable(name: string, kind: string): HoldfastError {
  return new HoldfastError(
    'option-type-unreadable',
    `The options of ${name} cannot be read from a ${kind}. Declare them as an interface, or extend docs/tables/option-members.ts.`,
  )
}
