import { defineConfig } from 'vite'

/**
 * The preload script of the desktop window: one CommonJS file that requires only `electron`. A sandboxed preload can be
 * no module and can load no other file.
 */
export default defineConfig({
  ssr: { noExternal: true, external: ['electron'] },
  build: {
    ssr: true,
    outDir: 'out/preload',
    emptyOutDir: true,
    target: 'node24',
    // It is short: who wants to know what the page is given can read it.
    minify: false,
    rolldownOptions: {
      input: 'src/main/electron/preload/preload.ts',
      external: ['electron'],
      output: { format: 'cjs', entryFileNames: 'preload.cjs', codeSplitting: false },
    },
  },
})
