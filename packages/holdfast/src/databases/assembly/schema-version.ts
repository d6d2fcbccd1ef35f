/**
 * The version of the framework's tables that this version of Holdfast is built for. Each release
 * that changes the tables increments it. `needsVersion` of the release's migration declares which
 * versions can work with the tables from then on. A service refuses to start on tables that need a
 * higher version than this one (`schema-too-new`). docs/internals/upgrades.md contains the rules.
 */
export const schemaVersion = 1
