/** The environment variables of every server measured in production mode. */
export const productionEnv: Readonly<Record<string, string>> = {
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  // The servers do not wait for a load balancer when they stop, because there is none.
  DRAIN_DELAY: '0s',
}
