/** The variables of every server that is measured as in production. */
export const productionEnv: Readonly<Record<string, string>> = {
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  // Nothing in front of it has to learn that it ends.
  DRAIN_DELAY: '0s',
}
