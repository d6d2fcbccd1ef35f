import { hash } from 'node:crypto'
import { jsonType } from '../../../kernel/operation/answer.ts'
import { RouteNotFound } from '../../../kernel/problem/problems.ts'
import { parseRoute } from '../../../kernel/operation/route.ts'
import type { RunningService } from '../../../kernel/service/service.ts'
import { qualityOf } from '../request/accept.ts'
import { type HttpAnswer, staticAnswer } from './http-answer.ts'
import { markup, type Markup } from '../../../kernel/base/html/markup.ts'
import { documentProblems, type ProblemDocument } from './problem-document.ts'
import { pageStyle } from '../../../kernel/base/html/page-style.ts'
import type { Responder } from '../responder.ts'
import type { RouteEntry } from '../route-table.ts'

const htmlType = 'text/html'

// A page loads nothing, runs no scripts, and cannot be shown in a frame.
const pageHeaders = {
  vary: 'accept',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${hash('sha256', pageStyle, 'base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
}

/**
 * Returns the pages that the `type` of a problem links to: one page for each problem of the
 * service, and a page that lists all problems. The pages are HTML, or JSON if the client prefers
 * it. Returns no pages if `problemTypeBase` points to documentation elsewhere.
 */
export function problemPages(running: RunningService): readonly RouteEntry<Responder>[] {
  if (running.problemTypeBase !== '/problems/') return []
  const documents = documentProblems(running)
  const list = createPage(`Problems of ${running.name}`, listContent(documents), { problems: documents })
  const pages = new Map(
    documents.map((document) => [document.code, createPage(document.title, pageContent(document), document)]),
  )
  const page: Responder = (request, routed) => {
    const found = pages.get(routed.parameters['code']!)
    if (!found)
      throw RouteNotFound({
        detail: 'No problem has this code; /problems lists all problems.',
      })
    return found(request, routed)
  }
  return [
    { route: parseRoute('GET /problems'), target: list },
    { route: parseRoute('GET /problems/{code}'), target: page },
  ]
}

function createPage(title: string, content: Markup, json: object): Responder {
  const answer = (contentType: string, body: string): HttpAnswer =>
    staticAnswer({ status: 200, headers: { ...pageHeaders, 'content-type': contentType }, body })
  const asJson = answer(jsonType, JSON.stringify(json))
  const asHtml = answer(`${htmlType}; charset=utf-8`, layOut(title, content))
  return ({ header }) => {
    const accept = header('accept')
    return qualityOf(accept, jsonType) > qualityOf(accept, htmlType) ? asJson : asHtml
  }
}

function layOut(title: string, content: Markup): string {
  return markup`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${{ html: pageStyle }}</style>
<main>
${content}
</main>
</html>
`.html
}

function listContent(documents: readonly ProblemDocument[]): Markup {
  const items = documents.map(
    ({ code, status, title }) => markup`
<li><a href="/problems/${code}"><span class="status">${status}</span> <span>${title}</span> <code>${code}</code></a></li>`,
  )
  return markup`<h1>Problems</h1>
<p class="lead">The error responses of this service, as defined by RFC 9457.</p>
<ul class="problems">${items}
</ul>`
}

function pageContent({ code, type, status, title, description, members, retry }: ProblemDocument): Markup {
  const extra = Object.fromEntries(members.map(({ name }) => [name, '…']))
  const example = { type, title, status, detail: '…', ...extra, code, requestId: '…' }
  return markup`<p><a href="/problems">All problems</a></p>
<h1>${title}</h1>
<p class="facts"><span class="status">${status}</span> <code>${code}</code></p>
${description === undefined ? [] : markup`<p class="lead">${prose(description)}</p>`}
<h2>Can the request be retried?</h2>
<p>${prose(retry.text)}</p>
${members.length === 0 ? [] : membersContent(members)}
<h2>Example response</h2>
<pre>${JSON.stringify(example, null, 2)}</pre>`
}

function membersContent(members: ProblemDocument['members']): Markup {
  const rows = members.map(
    ({ name, type, description = '' }) => markup`
<tr><td><code>${name}</code></td><td>${type}</td><td>${prose(description)}</td></tr>`,
  )
  return markup`<h2>Additional members</h2>
<table>
<tr><th>Member</th><th>Type</th><th>Meaning</th></tr>${rows}
</table>`
}

/** Returns text as HTML, with text between backticks as code. */
function prose(text: string): readonly Markup[] {
  return text
    .split('`')
    .map((part, index) => (index % 2 === 0 ? markup`${part}` : markup`<code>${part}</code>`))
}
