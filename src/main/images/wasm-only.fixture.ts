import { registerHooks } from 'node:module'

/** Loaded with `--import`: only sharp's WebAssembly build is found, as in the packed Linux program. */
registerHooks({
  resolve: (specifier, context, next) => {
    if (/^@img\/sharp-(?!wasm32\/).+\/sharp\.node$/.test(specifier)) {
      throw Object.assign(new Error(`Cannot find module '${specifier}'`), { code: 'MODULE_NOT_FOUND' })
    }
    return next(specifier, context)
  },
})
