/** The doc comment of an option, formatted for a table. */
export interface OptionText {
  /** The first sentences, except the one about the default. */
  readonly description: string
  /** The default; `undefined` if the comment has none. */
  readonly fallback: string | undefined
}

/** Max length of a description, unless its first sentence is longer. */
const maxLength = 330

/**
 * Divides the first paragraph of a doc comment into default and description. The default is in the
 * sentence that begins with "Default". The description consists of as many of the other sentences
 * as fit.
 */
export function readOptionText(comment: string): OptionText {
  const [paragraph = ''] = comment.split(/\n\s*\n|^@/m)
  const sentences = splitSentences(unlink(paragraph.replaceAll(/\s+/g, ' ').trim()))
  const index = sentences.findIndex((sentence) => /^Default\b/.test(sentence))
  const others = sentences.filter((_, other) => other !== index)
  return {
    description: firstOf(others).replace(/\.$/, ''),
    fallback: index === -1 ? undefined : sentences[index]!.replace(/^Default[:,]? +/, '').replace(/\.$/, ''),
  }
}

/** Splits a text into sentences. Ignores periods in code and in parentheses. */
export function splitSentences(text: string): readonly string[] {
  const sentences: string[] = []
  let [start, depth, inCode] = [0, 0, false]
  for (let index = 0; index < text.length; index++) {
    const character = text[index]!
    if (character === '`') inCode = !inCode
    if (inCode) continue
    if (character === '(') depth++
    if (character === ')') depth--
    const rest = text.slice(index + 1)
    const ends = /[.?!]/.test(character) && depth === 0 && /^ [^a-z]/.test(rest)
    if (!ends || /\b(?:e\.g|i\.e)$/.test(text.slice(0, index))) continue
    sentences.push(text.slice(start, index + 1))
    start = index + 2
  }
  return [...sentences, text.slice(start)].filter((sentence) => sentence !== '')
}

function firstOf([first = '', ...others]: readonly string[]): string {
  let text = first
  for (const sentence of others) {
    if (text.length + 1 + sentence.length > maxLength) return text
    text = `${text} ${sentence}`
  }
  return text
}

/** Replaces `{@link name}` by the name. */
function unlink(text: string): string {
  return text.replaceAll(/\{@link ([^}\s]+)\}/g, '`$1`')
}
