/**
 * Converts a kebab-case or camelCase name to a component name: `insufficient-funds` to
 * `InsufficientFunds`.
 */
export function toComponentName(name: string): string {
  return name
    .split(/[^A-Za-z0-9_]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')
}
