// Runs before every npm script, on any Node that the machine has (14 or newer), so it must use old
// syntax.
//
// Node itself is a devDependency whose preinstall script fetches the binary. If install scripts are
// blocked (`npm ci --ignore-scripts`, or a policy), the binary and its link in node_modules/.bin
// are missing. In this case, this script runs the installer of the package and creates the link.
'use strict'

const { spawnSync } = require('child_process')
const fs = require('fs')
const path = require('path')

const modules = path.join(__dirname, '..', 'node_modules')
const nodePackage = path.join(modules, 'node')
const binary = path.join(nodePackage, 'bin', 'node')
const link = path.join(modules, '.bin', 'node')

// `existsSync` follows the link, so a link without a target counts as missing.
if (!fs.existsSync(link) || !fs.existsSync(binary)) {
  ensureInstalled()
  if (!fs.existsSync(binary)) fetchBinary()
  linkBinary()
}

function ensureInstalled() {
  if (fs.existsSync(path.join(nodePackage, 'package.json'))) return
  fail('The development dependencies are not installed here: run `npm ci` first (without --omit=dev).')
}

function fetchBinary() {
  const version = JSON.parse(fs.readFileSync(path.join(nodePackage, 'package.json'), 'utf8')).version
  console.error(
    `Fetching Node ${version}, which the installation left out because install scripts were blocked.`,
  )
  const installer = spawnSync(process.execPath, ['installArchSpecificPackage.js'], {
    cwd: nodePackage,
    encoding: 'utf8',
  })
  if (installer.status === 0 && fs.existsSync(binary)) return
  const output = [installer.stdout, installer.stderr, installer.error && installer.error.message]
  fail(
    `Node ${version} could not be fetched into node_modules/node: is the npm registry reachable? ` +
      'Run this again when it is, or run `npm ci` with install scripts allowed.\n' +
      output.filter(Boolean).join('\n').trim(),
  )
}

function linkBinary() {
  fs.mkdirSync(path.dirname(link), { recursive: true })
  fs.rmSync(link, { force: true })
  fs.symlinkSync(path.join('..', 'node', 'bin', 'node'), link)
}

function fail(message) {
  console.error(message)
  process.exit(1)
}
