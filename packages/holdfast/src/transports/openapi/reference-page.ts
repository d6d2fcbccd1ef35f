import { hash } from 'node:crypto'
import type { RunningService } from '../../kernel/service/service.ts'
import { type HttpAnswer, staticAnswer } from '../http/answer/http-answer.ts'
import { markup } from '../../kernel/base/html/markup.ts'
import { pageStyle } from '../../kernel/base/html/page-style.ts'
import { type ReferenceBundle, referencePackage } from './reference-bundle.ts'

const options = {
  // A relative URL, so that the page works behind a proxy that serves it under a different path.
  url: 'openapi.json',
  telemetry: false,
  withDefaultFonts: false,
  showDeveloperTools: 'never',
  hideClientButton: true,
  hideModels: true,
  defaultOpenAllTags: true,
  orderSchemaPropertiesBy: 'preserve',
  orderRequiredPropertiesFirst: false,
  agent: { disabled: true },
  mcp: { disabled: true },
}

/** Returns the script that starts the reference, with a field for the credentials of a scheme. */
function startScriptOf(securityScheme: string | undefined): string {
  const authentication =
    securityScheme === undefined ? {} : { authentication: { preferredSecurityScheme: securityScheme } }
  const json = JSON.stringify({ ...options, ...authentication }).replaceAll('<', String.raw`\u003c`)
  return `Scalar.createApiReference('#reference', ${json})`
}

// The script creates style elements and attributes, so styles are allowed. Only two scripts are
// allowed: the reference, and the script that starts it. Requests that a reader sends from the page
// may go only to the service itself.
function policyOf(startScript: string): string {
  return [
    "default-src 'none'",
    `script-src 'self' '${hashOf(startScript)}'`,
    "style-src 'unsafe-inline'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

// The end tag is a value instead of a part of the template below. Bundlers compile a template that
// contains this tag to code that imports another package.
const scriptEnd = { html: '</script>' }

/** The parts of a document that its reference page shows before the document is loaded. */
export interface Referenced {
  readonly name: string
  /** The security scheme whose credentials a reader enters; `undefined` if there is none. */
  readonly securityScheme: string | undefined
}

/** Returns the page of the API reference. It loads nothing from other hosts. */
export function referencePage({ name, securityScheme }: Referenced, bundle: ReferenceBundle): HttpAnswer {
  const startScript = startScriptOf(securityScheme)
  const page = markup`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${name} API</title>
<link rel="icon" href="data:,">
<div id="reference"></div>
<script src="docs/${bundle.name}" integrity="${bundle.integrity}">${scriptEnd}
<script>${{ html: startScript }}${scriptEnd}
</html>
`
  return toAnswer(200, page.html, policyOf(startScript))
}

/** Returns the page for a service without an installed reference package. */
export function missingPage({ name }: RunningService): HttpAnswer {
  const page = markup`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${name} API</title>
<style>${{ html: pageStyle }}</style>
<main>
<h1>The API reference is not installed</h1>
<p class="lead">It is a separate package because of its size. Install it and restart the service:</p>
<pre>npm i ${referencePackage}</pre>
<h2>Until then</h2>
<p><a href="openapi.json">openapi.json</a> has the same information.</p>
</main>
</html>
`
  return toAnswer(
    501,
    page.html,
    `default-src 'none'; style-src '${hashOf(pageStyle)}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  )
}

function toAnswer(status: number, html: string, contentSecurityPolicy: string): HttpAnswer {
  return staticAnswer({
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': contentSecurityPolicy,
      'referrer-policy': 'no-referrer',
    },
    body: html,
  })
}

function hashOf(text: string): string {
  return `sha256-${hash('sha256', text, 'base64')}`
}
