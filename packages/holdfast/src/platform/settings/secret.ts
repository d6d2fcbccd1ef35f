const hidden = '[secret]'

// The values are kept outside the objects, so that code that reads all properties of an object
// cannot reach the value.
const values = new WeakMap<Secret<unknown>, unknown>()

/**
 * A value that is never printed: logs, messages, templates, JSON and the console show `[secret]`
 * instead.
 *
 * @example
 * ```ts
 * const key = new Secret('s3cret')
 * console.log(`${key}`) // '[secret]', as in logs and JSON
 * const headers = { authorization: `Bearer ${key.reveal()}` }
 * ```
 */
export class Secret<Value> {
  /** Wraps a value. */
  constructor(value: Value) {
    values.set(this, value)
    Object.freeze(this)
  }

  /**
   * Returns the value itself, which may change while the service runs. Call it where the value is
   * used, and pass the value only to the code that needs it.
   */
  reveal(): Value {
    return values.get(this) as Value
  }

  toString(): string {
    return hidden
  }

  toJSON(): string {
    return hidden
  }

  [Symbol.toPrimitive](): string {
    return hidden
  }
}

/** Replaces the value of a secret, for all code that has the secret. */
export function replaceSecret<Value>(secret: Secret<Value>, value: Value): void {
  values.set(secret, value)
}

// Node's console and `util.inspect` call this method.
Object.defineProperty(Secret.prototype, Symbol.for('nodejs.util.inspect.custom'), { value: () => hidden })
