import type { Engine } from '../engine/engine-port.ts'

/** An engine that another can take the place of, while whoever holds it need not know. */
export class EngineSwitch implements Engine {
  #current: Engine

  constructor(first: Engine) {
    this.#current = first
  }

  /** From now on calls go to `next`. Returns the one before, which is still open. */
  replace(next: Engine): Engine {
    const before = this.#current
    this.#current = next
    return before
  }

  readonly info: Engine['info'] = (options) => this.#current.info(options)
  readonly encodeSupport: Engine['encodeSupport'] = (image, mask, options) =>
    this.#current.encodeSupport(image, mask, options)
  readonly fit: Engine['fit'] = (supports, options) => this.#current.fit(supports, options)
  readonly segment: Engine['segment'] = (image, classes, options) => this.#current.segment(image, classes, options)
  readonly onRestart: Engine['onRestart'] = (listener) => this.#current.onRestart(listener)
  readonly pid: Engine['pid'] = () => this.#current.pid()
  readonly close: Engine['close'] = () => this.#current.close()
}
