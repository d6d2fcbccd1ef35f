/** The part of a syntax node that these rules inspect. */
interface CallNode {
  readonly callee: {
    readonly type: string
    readonly name?: string
    readonly object?: { readonly name?: string }
    readonly property?: { readonly name?: string }
  }
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

/**
 * Forbids creating a built-in error: a failure needs a stable code and a message that says how to
 * fix it.
 */
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

const driverClasses: ReadonlySet<string> = new Set(['Client', 'Pool'])

/**
 * Forbids the driver's own connections: a session that fails before an error listener is attached
 * ends the process.
 */
const noBarePgClient = {
  create(context: RuleContext): Record<string, (node: CallNode) => void> {
    return {
      NewExpression(node) {
        const { callee } = node
        const isDriver = callee.object?.name === 'pg' && driverClasses.has(callee.property?.name ?? '')
        if (!isDriver) return
        context.report({
          node,
          message: `pg.${callee.property?.name} has no error listener from the start, and reads PG… variables. Use DriverClient or openDriverPool of postgres/driver-client.ts, or connectClient of holdfast/postgres.`,
        })
      },
    }
  },
}

// oxlint loads a plugin from the default export of its file.
export default {
  meta: { name: 'holdfast' },
  rules: { 'no-bare-error': noBareError, 'no-bare-pg-client': noBarePgClient },
}
