/** The getters of a class, as {@link ownGetters} takes them. */
export type Getters = readonly (readonly [name: string, descriptor: PropertyDescriptor])[]

/** Reads the getters of a class off its prototype. */
export function gettersOf(prototype: object): Getters {
  return Object.entries(Object.getOwnPropertyDescriptors(prototype))
    .filter(([, descriptor]) => descriptor.get !== undefined)
    .map(([name, descriptor]) => [name, { ...descriptor, enumerable: true }])
}

/**
 * Gives an object the getters of its class as properties of its own: a copy of it, `{ ...context }`, has what they give.
 *
 * Accessors of an object literal would do the same, but each would be a function of its own, and with it the object's hidden class: V8 keeps hidden
 * classes until a full collection, with all that those functions refer to.
 */
export function ownGetters(object: object, getters: Getters): void {
  for (const [name, descriptor] of getters) Object.defineProperty(object, name, descriptor)
}
