import { findDocStart, findLongLines, findWords } from './plain-words.ts'

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
  report(problem: { readonly node: CallNode | MemberNode; readonly message: string }): void
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
 * Forbids opening connections with the driver's API: if a session fails before an error listener is
 * attached, the process ends.
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
          message: `pg.${callee.property?.name} starts without an error listener, and reads the PG… variables. Use DriverClient or openDriverPool of postgres/driver-client.ts, or connectClient of holdfast/postgres.`,
        })
      },
    }
  },
}

interface MemberNode {
  readonly object?: { readonly name?: string }
  readonly property?: { readonly name?: string }
  readonly parent?: OuterNode | null
}

interface OuterNode {
  readonly type: string
  readonly parent?: OuterNode | null
}

/** Forbids reading `process.env` while a module loads: tests and programs pass `env` later. */
const noLoadTimeEnv = {
  create(context: RuleContext): Record<string, (node: MemberNode) => void> {
    return {
      MemberExpression(node) {
        if (node.object?.name !== 'process' || node.property?.name !== 'env') return
        let outer = node.parent
        while (outer && !outer.type.includes('Function')) outer = outer.parent
        if (outer) return
        context.report({
          node,
          message:
            'process.env is read while the module loads. Read it in a function that runs at the start, such as `open(host)`, which gets `env` and `mode`.',
        })
      },
    }
  },
}

interface CommentNode {
  readonly type: string
  readonly value: string
  readonly loc: { readonly start: { readonly line: number }; readonly end: { readonly line: number } }
}

interface TextNode {
  readonly value?: unknown
  readonly quasis?: readonly { readonly value: { readonly raw: string } }[]
}

interface TextContext {
  readonly sourceCode: {
    readonly lines: readonly string[]
    getAllComments(): readonly CommentNode[]
  }
  report(problem: { readonly node: CommentNode | TextNode; readonly message: string }): void
}

/** Requires plain words in comments, and in strings of more than one word. */
const plainWords = {
  create(context: TextContext): Record<string, (node: TextNode) => void> {
    const check = (node: CommentNode | TextNode, text: string): void => {
      for (const { message } of findWords(text)) context.report({ node, message })
    }
    const checkText = (node: TextNode, text: string): void => {
      if (/\S\s+\S/.test(text)) check(node, text)
    }
    return {
      Program() {
        for (const comment of context.sourceCode.getAllComments()) check(comment, comment.value)
      },
      Literal(node) {
        if (typeof node.value === 'string') checkText(node, node.value)
      },
      TemplateLiteral(node) {
        checkText(node, (node.quasis ?? []).map(({ value }) => value.raw).join('…'))
      },
    }
  },
}

/** Requires doc comments to begin with a verb or a noun phrase. */
const docCommentStart = {
  create(context: TextContext): Record<string, () => void> {
    return {
      Program() {
        for (const node of context.sourceCode.getAllComments()) {
          if (node.type !== 'Block' || !node.value.startsWith('*')) continue
          const message = findDocStart(node.value)
          if (message !== undefined) context.report({ node, message })
        }
      },
    }
  },
}

/** Limits the width of comments, which the formatter does not wrap. */
const commentWidth = {
  create(context: TextContext): Record<string, () => void> {
    return {
      Program() {
        const { lines } = context.sourceCode
        for (const node of context.sourceCode.getAllComments()) {
          const own = lines.slice(node.loc.start.line - 1, node.loc.end.line)
          if (findLongLines(own).length === 0) continue
          context.report({ node, message: 'Wrap comments at 100 columns.' })
        }
      },
    }
  },
}

// oxlint loads a plugin from the default export of its file.
export default {
  meta: { name: 'holdfast' },
  rules: {
    'comment-width': commentWidth,
    'doc-comment-start': docCommentStart,
    'no-bare-error': noBareError,
    'no-bare-pg-client': noBarePgClient,
    'no-load-time-env': noLoadTimeEnv,
    'plain-words': plainWords,
  },
}
