import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Page, pagesFolder } from './page.ts'

const linkForm = /\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g

/** Returns the broken links of a page, whose target file or heading does not exist. */
export function brokenLinks({ name, text }: Page): readonly string[] {
  return [...text.matchAll(linkForm)]
    .filter(([, file = '', anchor]) => !leadsSomewhere(file === '' ? `${name}.md` : file, anchor))
    .map(([link]) => `${name}.md: ${link.slice(1)}`)
}

function leadsSomewhere(file: string, anchor: string | undefined): boolean {
  const path = join(pagesFolder, file)
  if (!existsSync(path)) return false
  return anchor === undefined || anchorsOf(readFileSync(path, 'utf8')).includes(anchor)
}

/** Returns the anchors that GitHub generates for a page's headings. */
function anchorsOf(text: string): readonly string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
