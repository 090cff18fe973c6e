/** What a package consists of; the patterns of `electron-builder.yml` choose it, `packed-check.ts` compares. */

export interface PackTarget {
  readonly platform: 'linux' | 'win32' | 'darwin'
  readonly arch: 'x64' | 'arm64'
}

/** The host: it runs the studio in a browser window, also from a package. */
export const hostEntry = 'out/main/cli.js'

/** What every package must hold of our own. The host starts the two processes by these names. */
export const ownFiles = [
  hostEntry,
  'out/main/engine-process.js',
  'out/main/codec-process.js',
  'out/renderer/index.html',
] as const

/** What the studio reads of `models/`, by its manifest: every model, and the stored values that are compared on load. */
export function modelFiles(manifest: {
  readonly models: readonly { readonly kind: string; readonly file: string; readonly golden?: string }[]
}): readonly string[] {
  const files = manifest.models.map(({ file }) => file)
  // The gradients' are for tests.
  const golden = manifest.models.filter(({ kind }) => kind === 'msdnet').flatMap((model) => model.golden ?? [])
  return ['manifest.json', 'MODEL_CARD.md', 'golden/backbone-448x448.json', ...golden, ...files]
}

/** The packages that ship as they are, each at the top of `node_modules`. All others are bundled into `out/`. */
export function shippedPackages({ platform, arch }: PackTarget): readonly string[] {
  const images =
    platform === 'linux'
      ? ['@img/sharp-wasm32', '@emnapi/runtime']
      : [`@img/sharp-${platform}-${arch}`, ...(platform === 'darwin' ? [`@img/sharp-libvips-${platform}-${arch}`] : [])]
  return [
    'better-sqlite3',
    'onnxruntime-node',
    'onnxruntime-common',
    'sharp',
    '@img/colour',
    'detect-libc',
    'semver',
    ...images,
  ]
}
