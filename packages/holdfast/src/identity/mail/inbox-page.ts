import { hash } from 'node:crypto'
import type { CapabilityPageAnswer } from '../../kernel/background/open-capability.ts'
import { markup, type Markup } from '../../kernel/base/html/markup.ts'
import { pageStyle } from '../../kernel/base/html/page-style.ts'
import type { ReceivedMail } from './received-mail.ts'
import { inboxStyle } from './inbox-style.ts'

const style = pageStyle + inboxStyle

/** Returns the page with all mails, newest first. */
export function listPage(mails: readonly ReceivedMail[]): CapabilityPageAnswer {
  const items = mails.toReversed().map(
    ({ number, to, subject, receivedAt }) => markup`
<li><a href="/dev/mail/${number}"><span class="to">${to}</span><span class="subject">${subject}</span>${timeOf(receivedAt)}</a></li>`,
  )
  return layOut(
    'Mails',
    markup`<h1>Mails</h1>
<p class="lead">The service keeps its mails here during development, and sends none.</p>
${
  items.length === 0
    ? markup`<p class="empty">No mails yet. The process that runs the jobs keeps them in its memory.</p>`
    : markup`<ul class="mails">${items}
</ul>`
}`,
  )
}

/** Returns the page of a mail. */
export function mailPage({
  number,
  to,
  subject,
  text,
  html,
  receivedAt,
}: ReceivedMail): CapabilityPageAnswer {
  const frame = markup`<h2>HTML</h2>
<iframe src="/dev/mail/${number}/html" sandbox="allow-popups allow-popups-to-escape-sandbox" title="The HTML of the mail"></iframe>`
  return layOut(
    subject,
    markup`<p><a href="/dev/mail">All mails</a></p>
<h1>${subject}</h1>
<p class="facts"><span>To <strong>${to}</strong></span>${timeOf(receivedAt)}</p>
${html === undefined ? [] : [frame, markup`<h2>Text</h2>`]}
<pre class="text">${linked(text)}</pre>`,
  )
}

/** Returns the answer for a mail that is not in the inbox, and for clients of other machines. */
export function missingPage(): CapabilityPageAnswer {
  return { status: 404, headers: { 'content-type': 'text/plain; charset=utf-8' }, body: 'Not found\n' }
}

/**
 * Returns the HTML of a mail for its frame. The policy applies even if a user opens the address
 * outside of the frame: no scripts, no forms, nothing from other hosts.
 */
export function withPolicy(html: string): CapabilityPageAnswer {
  const policy =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
  // A link of the mail opens a new page, since its frame may show only the mail.
  const base = '<base target="_blank">'
  return pageOf(`<!doctype html><meta charset="utf-8">${base}${html}`, policy)
}

function layOut(title: string, content: Markup): CapabilityPageAnswer {
  const page = markup`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${{ html: style }}</style>
<main>
${content}
</main>
</html>
`
  const policy = `default-src 'none'; style-src 'sha256-${hash('sha256', style, 'base64')}'; img-src data:; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
  return pageOf(page.html, policy)
}

function pageOf(body: string, policy: string): CapabilityPageAnswer {
  return {
    status: 200,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-store',
    },
    body,
  }
}

function timeOf(at: Date): Markup {
  return markup`<time datetime="${at.toISOString()}">${at.toISOString().slice(0, 19).replace('T', ' ')} UTC</time>`
}

/** Returns text as HTML whose http and https links can be opened. */
function linked(text: string): readonly Markup[] {
  return text
    .split(/(https?:\/\/[^\s<>"]+)/)
    .map((part, index) =>
      index % 2 === 0 ? markup`${part}` : markup`<a href="${part}" rel="noreferrer noopener">${part}</a>`,
    )
}
