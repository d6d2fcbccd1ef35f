const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/** HTML that can be inserted into a page without escaping. */
export interface Markup {
  readonly html: string
}

/**
 * Returns HTML from a template. Escapes the template's values unless they are markup. Joins lists
 * of markup.
 */
export function markup(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | Markup | readonly Markup[])[]
): Markup {
  return { html: String.raw({ raw: strings }, ...values.map(toHtml)) }
}

function toHtml(value: string | number | Markup | readonly Markup[]): string {
  if (typeof value === 'string') return value.replaceAll(/[&<>"']/g, (character) => escapes[character]!)
  if (typeof value === 'number') return String(value)
  if ('html' in value) return value.html
  return value.map(({ html }) => html).join('')
}
