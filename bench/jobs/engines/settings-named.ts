/** Returns the settings with this name. */
export function settingsNamed<Settings>(
  settings: Readonly<Record<string, Settings>>,
  name: string,
): Settings {
  const found = settings[name]
  if (found === undefined)
    throw new Error(`Unknown settings ${name}. Use one of ${Object.keys(settings).join(', ')}.`)
  return found
}
