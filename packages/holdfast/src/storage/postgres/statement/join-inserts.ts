import type { Statement } from './statement.ts'

/** Joined statements, by the texts of their parts. */
interface Joined {
  /** The statement joined from the parts up to here; `undefined` until it is needed. */
  statement?: Pick<Statement, 'name' | 'text'>
  readonly longer: Map<string, Joined>
}

const joined: Joined = { longer: new Map() }

/**
 * Returns the statements of two lists in order, with as many inserts of the first list as possible
 * joined to the first statement of the second list. Most of a short statement's cost is independent
 * of its rows, for the process and for the server.
 */
export function withInserts(
  statements: readonly Statement[],
  [next, ...others]: readonly Statement[],
): readonly Statement[] {
  if (!next) return statements
  const inserts = statements.filter(({ isInsert }) => isInsert)
  if (inserts.length === 0) return [...statements, next, ...others]
  const before = statements.filter(({ isInsert }) => isInsert !== true)
  return [...before, joinInserts(inserts, next), ...others]
}

/**
 * Returns one statement that runs the given inserts and `last`. `last` sees none of the inserted
 * rows.
 */
function joinInserts(inserts: readonly Statement[], last: Statement): Statement {
  let known = withPart(joined, last)
  for (const insert of inserts) known = withPart(known, insert)
  known.statement ??= join(inserts, last)
  const values = [...(last.values ?? [])]
  for (const insert of inserts) values.push(...(insert.values ?? []))
  return { ...known.statement, values }
}

function withPart({ longer }: Joined, { text }: Statement): Joined {
  const known = longer.get(text)
  if (known) return known
  const made: Joined = { longer: new Map() }
  longer.set(text, made)
  return made
}

/**
 * Turns the inserts into common table expressions, which run to completion even if they are not
 * read. Their parameters follow the parameters of the last statement.
 */
function join(inserts: readonly Statement[], last: Statement): Pick<Statement, 'name' | 'text'> {
  let before = last.values?.length ?? 0
  const parts = inserts.map(({ text, values = [] }, index) => {
    const offset = before
    before += values.length
    return `inserted_${index} as (${text.replaceAll(/\$(\d+)/g, (_, n) => `$${offset + Number(n)}`)})`
  })
  const [, own] = /^\s*with\s(.*)$/s.exec(last.text) ?? []
  return {
    name: [...inserts, last].flatMap(({ name = [] }) => name).join('_'),
    text: `
      with ${parts.join(', ')}${own === undefined ? `\n      ${last.text}` : `, ${own}`}`,
  }
}
