import { redacted, type Redactor } from '../../../kernel/base/redact.ts'
import type { Attributes, AttributeValue } from '../../../kernel/telemetry/span.ts'
import type { FinishedSpan } from './finished-span.ts'

type Hiding = Pick<Redactor, 'isSensitive' | 'text'>

/** Redacts spans: hides the values that services declare as sensitive. */
export class HiddenAttributes {
  #redactors: readonly Hiding[] = []
  // The redacted copies, one per object, because readers identify shared attributes by object
  // identity.
  #shown = new WeakMap<Attributes, Attributes>()

  /** Adds a redactor. It applies to all spans that are read afterwards. */
  add(redactor: Hiding): void {
    this.#redactors = [...this.#redactors, redactor]
    this.#shown = new WeakMap()
  }

  /**
   * Returns a redacted copy of a span. Returns the span itself if, like most spans, it has nothing
   * to hide.
   */
  hide(span: FinishedSpan): FinishedSpan {
    if (this.#redactors.length === 0) return span
    const { failure, events } = span
    const sharedAttributes = this.#shared(span.sharedAttributes)
    const ownAttributes = this.#own(span.ownAttributes)
    const hasChanged = sharedAttributes !== span.sharedAttributes || ownAttributes !== span.ownAttributes
    if (!hasChanged && events.length === 0 && failure?.message === undefined) return span
    return {
      ...span,
      sharedAttributes,
      ownAttributes,
      events: events.map((event) => ({ ...event, attributes: this.#shared(event.attributes) })),
      failure:
        failure?.message === undefined ? failure : { ...failure, message: this.#text(failure.message) },
    }
  }

  #shared(attributes: Attributes): Attributes {
    const known = this.#shown.get(attributes)
    if (known) return known
    const entries = Object.entries(attributes)
    const shown = entries.some(([name, value]) => !Object.is(this.#value(name, value), value))
      ? Object.fromEntries(entries.map(([name, value]) => [name, this.#value(name, value)]))
      : attributes
    this.#shown.set(attributes, shown)
    return shown
  }

  #own(own: ReadonlyMap<string, AttributeValue>): ReadonlyMap<string, AttributeValue> {
    for (const [name, value] of own) {
      if (Object.is(this.#value(name, value), value)) continue
      return new Map(Array.from(own, ([each, shown]) => [each, this.#value(each, shown)]))
    }
    return own
  }

  #value(name: string, value: AttributeValue): AttributeValue {
    for (const redactor of this.#redactors) if (redactor.isSensitive(name)) return redacted
    return typeof value === 'string' ? this.#text(value) : value
  }

  #text(text: string): string {
    return this.#redactors.reduce((shown, redactor) => redactor.text(shown), text)
  }
}
