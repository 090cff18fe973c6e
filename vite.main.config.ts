import { basename } from 'node:path'
import { defineConfig } from 'vite'
import type { Plugin } from 'vite'

const entries = {
  cli: 'src/main/cli/main.ts',
  'electron-main': 'src/main/electron/main.ts',
  'engine-process': 'src/main/engine/engine-process.ts',
  'codec-process': 'src/main/images/codec-process.ts',
}

/** Packages with native files: they stay in `node_modules`, beside the libraries they load. */
const native = ['better-sqlite3', 'sharp', 'onnxruntime-node']

/** Part of the program that the desktop window runs in. */
const builtIn = ['electron']

/** The Node side, bundled for packaging; from a source tree `bin/exemplar.mjs` runs the sources as they are. */
export default defineConfig({
  plugins: [processUrls()],
  ssr: { noExternal: true, external: [...native, ...builtIn] },
  build: {
    ssr: true,
    outDir: 'out/main',
    emptyOutDir: true,
    target: 'node24',
    sourcemap: true,
    rolldownOptions: {
      input: entries,
      // `ws` asks for two optional accelerators inside a `try`.
      external: [...native, ...builtIn, 'bufferutil', 'utf-8-validate'],
      output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: '[name]-[hash].js' },
    },
  },
})

/** Sources start their child processes from `new URL('./x-process.ts', import.meta.url)`; built, all lie in one folder. */
function processUrls(): Plugin {
  const pattern = /new URL\(\s*(['"])([^'"]+-process)\.ts\1\s*,\s*import\.meta\.url\s*\)/g
  return {
    name: 'process-urls',
    // Before the types are stripped, while the text is still that of the source.
    enforce: 'pre',
    transform(code) {
      if (!code.includes('-process.ts')) return null
      const built = code.replace(
        pattern,
        (_all, _quote, path: string) => `new URL('./${basename(path)}.js', import.meta.url)`,
      )
      // Each replacement stays on its line, so the map of the source still fits.
      return { code: built, map: null }
    },
  }
}
