const hidden = '[secret]'

// Outside of the object, so that nothing that walks its properties comes to it.
const values = new WeakMap<Secret<unknown>, unknown>()

/** A value that never prints: in a log, a message, a template, JSON or the console it is `[secret]`. */
export class Secret<T> {
  /** Wraps a value. */
  constructor(value: T) {
    values.set(this, value)
    Object.freeze(this)
  }

  /** The value itself, to be handed to what needs it and to nothing else. */
  reveal(): T {
    return values.get(this) as T
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

// What Node's console and util.inspect ask for.
Object.defineProperty(Secret.prototype, Symbol.for('nodejs.util.inspect.custom'), { value: () => hidden })
