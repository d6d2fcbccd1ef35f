/** The environment variables of every server that is measured in production mode. */
export const productionEnv: Readonly<Record<string, string>> = {
  NODE_ENV: 'production',
  HOST: '127.0.0.1',
  // There is no load balancer that has to notice the shutdown.
  DRAIN_DELAY: '0s',
}
