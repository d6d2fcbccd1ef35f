/** A word or phrase that the project does not use, and its replacement. */
interface PlainWord {
  readonly pattern: RegExp
  readonly instead: string
}

const plainWords: readonly PlainWord[] = [
  { pattern: /\bmend(?:s|ed|ing)?\b/i, instead: '"fix"' },
  { pattern: /\b(?:anew|afresh)\b/i, instead: '"again"' },
  { pattern: /\bwhoever\b/i, instead: 'the actor: "the client", "the caller", "the worker"' },
  // `nobody` is also the name of a Unix user.
  {
    pattern: /\b(?:(?<!\buser )nobody(?! user\b)|somebody)\b/i,
    instead: 'the actor: "no client", "another worker"',
  },
  { pattern: /(?:^|[.;:] )whatever\b/i, instead: 'a noun: "any value that"' },
  { pattern: /\b(?:is|are|was|were|be|been) told of\b/i, instead: '"is reported" or "is logged"' },
  { pattern: /\bhears\b/i, instead: '"receives" or "learns"' },
  { pattern: /\bfor ever\b/i, instead: '"forever" or "indefinitely"' },
  { pattern: /\bin vain\b/i, instead: '"without success", or the failure: "timed out"' },
  { pattern: /\bthat (?:is|are) none\b/i, instead: '"invalid"' },
  { pattern: /\bhowever (?:many|much|often|long|late)\b/i, instead: '"no matter how", or "even if"' },
  { pattern: /\btold apart\b/i, instead: '"distinguished"' },
  { pattern: /\bst(?:and|ands|ood) still\b/i, instead: '"is stopped"' },
  { pattern: /\btaken for\b/i, instead: '"treated as" or "mistaken for"' },
  { pattern: /\bpassed over\b/i, instead: '"skipped"' },
  { pattern: /\bworked off\b/i, instead: '"processed"' },
  {
    pattern: /\b(?:is|are|was|were|be|been)(?: then)? answered (?:with )?[1-5]\d\d\b/i,
    instead: '"gets a 401"',
  },
  { pattern: /\bat SIG[A-Z]+\b/, instead: '"on SIGTERM"' },
  { pattern: /\b(?:an?|the) grace(?=[.,;:)]| (?!period\b)\w)/i, instead: '"the grace period"' },
  {
    pattern: /\b(?:is|are|was|were|be|been) put (?:in|into|on)\b/i,
    instead: '"is stored in" or "is added to"',
  },
  { pattern: /\b(?:log|URL|error message) has (?!been\b|to\b|the form\b)\w+/, instead: '"contains"' },
  { pattern: /\b(?:that|which) (?:is|are) no (?!longer\b|more\b|\w+er than\b)\w+/, instead: '"is not a"' },
]

/** A found word, and a message with its replacement. */
export interface FoundWord {
  readonly word: string
  readonly message: string
}

/** Returns the words in a text that have a plainer replacement. Ignores inline code. */
export function findWords(text: string): readonly FoundWord[] {
  const prose = text.replaceAll(/`[^`\n]*`/g, '``').replaceAll(/\s*\n\s*(?:\*\s+)?/g, ' ')
  return plainWords.flatMap(({ pattern, instead }) => {
    const word = pattern.exec(prose)?.[0].replace(/^\W+/, '')
    return word === undefined ? [] : [{ word, message: `"${word}" is not plain: use ${instead}.` }]
  })
}

const docStarts: readonly PlainWord[] = [
  { pattern: /^What /, instead: 'a noun phrase: "The result of …"' },
  { pattern: /^Whether /, instead: '"True if …", or "Returns true if …"' },
  { pattern: /^(?:How|Where) /, instead: 'a noun phrase: "The time …", "Number of …"' },
  { pattern: /^Gives /, instead: '"Returns …"' },
  { pattern: /^Tells /, instead: '"Reports …" or "Logs …"' },
  { pattern: /^Has [^.]*\bdone\b/, instead: 'the verb itself: "Runs …"' },
]

/** Returns a message if a doc comment does not begin with a verb or a noun phrase. */
export function findDocStart(comment: string): string | undefined {
  const text = comment.replace(/^[*\s]+/, '')
  const start = docStarts.find(({ pattern }) => pattern.test(text))
  if (start === undefined) return undefined
  return `A doc comment does not begin with "${text.split(' ', 1)[0]}": use ${start.instead}.`
}

const maxColumns = 100

/**
 * Returns the overlong lines of a comment. Tables and lines with a URL are ignored, because they
 * cannot be wrapped. A comment after code counts with the code.
 */
export function findLongLines(lines: readonly string[]): readonly string[] {
  return lines.filter(
    (line) => line.length > maxColumns && /^\s*(?:\/\/|\/?\*)/.test(line) && !/\||:\/\//.test(line),
  )
}

/**
 * Returns the prose of a Markdown page, by line. Quotations and code are left out, but comments in
 * code are included.
 */
export function proseOf(markdown: string): readonly { readonly line: number; readonly text: string }[] {
  let isCode = false
  return markdown.split('\n').flatMap((text, index) => {
    if (/^\s*```/.test(text)) {
      isCode = !isCode
      return []
    }
    const prose = isCode ? (/(?:^|\s)(?:\/\/|#|--) (.*)$/.exec(text)?.[1] ?? '') : text
    return [{ line: index + 1, text: prose.replaceAll(/"[^"]*"/g, '""') }]
  })
}
