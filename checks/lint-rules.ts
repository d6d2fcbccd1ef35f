/** The part of a syntax node that the rules here look at. */
interface CallNode {
  readonly callee: { readonly type: string; readonly name?: string }
}

interface RuleContext {
  report(problem: { readonly node: CallNode; readonly message: string }): void
}

const builtinErrors: ReadonlySet<string> = new Set([
  'AggregateError',
  'Error',
  'EvalError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'TypeError',
  'URIError',
])

/** Forbids to create a built-in error: a failure needs a stable code and a message that says how to mend it. */
const noBareError = {
  create(context: RuleContext): Record<string, (node: CallNode) => void> {
    const check = (node: CallNode): void => {
      const name = node.callee.type === 'Identifier' ? (node.callee.name ?? '') : ''
      if (!builtinErrors.has(name)) return
      context.report({
        node,
        message: `A bare ${name} has no code to depend on. Use HoldfastError(code, message, { cause }).`,
      })
    }
    return { NewExpression: check, CallExpression: check }
  },
}

// oxlint takes a plugin from the default export of its file.
export default { meta: { name: 'holdfast' }, rules: { 'no-bare-error': noBareError } }
