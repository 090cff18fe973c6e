import { tileSize } from '../../shared/contract/media.ts'
import type { Rect, Size } from './coordinates.ts'
import type { ImageTile } from './image-tiles.ts'
import type { SlotTile } from './mask-layer.ts'
import { gridFragmentShader, imageFragmentShader, maskFragmentShader, quadVertexShader } from './shaders.ts'

/** Bits of the fourth byte of a palette entry. */
export const paletteFlags = { hidden: 1, proposed: 2, selected: 4 } as const

/** Entries in one row of the palette. */
export const paletteWidth = 256

/** What one frame shows. Lengths are device pixels, y down. */
export interface Frame {
  readonly width: number
  readonly height: number
  readonly scale: number
  readonly offsetX: number
  readonly offsetY: number
  readonly devicePixelRatio: number
  /** Displayed image pixels. */
  readonly image: Size
  /** In drawing order. */
  readonly tiles: readonly ImageTile[]
  readonly masks: boolean
  /** Of the masks' fill, 0 to 1. */
  readonly opacity: number
}

/** Mask tiles along one side of a layer of the mask texture: 4 x 4 tiles of 512 are 2048, safe everywhere. */
const cellsAcross = 4
const cellsPerLayer = cellsAcross * cellsAcross
/** Device pixels per image pixel from which the pixel grid is drawn. */
const gridFrom = 8

interface Program {
  readonly program: WebGLProgram
  readonly uniform: (name: string) => WebGLUniformLocation | null
}

/**
 * Draws an image and its masks with WebGL2. Knows no DOM. It holds textures only: after a lost context
 * `rebuild` starts afresh and the owner uploads again.
 */
export class GlRenderer implements Disposable {
  readonly #gl: WebGL2RenderingContext
  #image: Program
  #mask: Program
  #grid: Program
  #sharp: WebGLSampler
  #smooth: WebGLSampler
  #palette: WebGLTexture
  readonly #imageTextures = new Map<string, WebGLTexture>()
  #columns = 0
  #rows = 0
  #wide = false
  #index: WebGLTexture | null = null
  #tiles: WebGLTexture | null = null
  #layers = 0
  /** Place in the mask texture by tile number. */
  readonly #places = new Map<number, number>()
  readonly #freePlaces: number[] = []
  #disposed = false

  constructor(gl: WebGL2RenderingContext) {
    this.#gl = gl
    this.#image = this.#createProgram(imageFragmentShader)
    this.#mask = this.#createProgram(maskFragmentShader)
    this.#grid = this.#createProgram(gridFragmentShader)
    this.#sharp = this.#createSampler(gl.NEAREST)
    this.#smooth = this.#createSampler(gl.LINEAR)
    this.#palette = this.#createTexture()
    this.setPalette(new Uint8Array(paletteWidth * 4))
  }

  /** After `webglcontextrestored`: everything the context held is gone. Masks are laid out and uploaded again by the owner. */
  rebuild(): void {
    const gl = this.#gl
    this.#imageTextures.clear()
    this.#forgetMasks()
    this.#image = this.#createProgram(imageFragmentShader)
    this.#mask = this.#createProgram(maskFragmentShader)
    this.#grid = this.#createProgram(gridFragmentShader)
    this.#sharp = this.#createSampler(gl.NEAREST)
    this.#smooth = this.#createSampler(gl.LINEAR)
    this.#palette = this.#createTexture()
    this.setPalette(new Uint8Array(paletteWidth * 4))
  }

  /**
   * Prepares for the masks of an image. Everything uploaded before is gone.
   *
   * @param columns mask tiles across
   * @param rows mask tiles down
   * @param wide slots take two bytes
   */
  layOutMasks(columns: number, rows: number, wide: boolean): void {
    const gl = this.#gl
    gl.deleteTexture(this.#index)
    gl.deleteTexture(this.#tiles)
    this.#forgetMasks()
    this.#columns = columns
    this.#rows = rows
    this.#wide = wide
    this.#index = this.#createTexture()
    gl.bindTexture(gl.TEXTURE_2D, this.#index)
    this.#nearest(gl.TEXTURE_2D)
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.R16UI, columns, rows)
    this.#allocateLayers(1)
  }

  /**
   * Makes room for `count` more mask tiles.
   *
   * @returns false when the texture had to grow and every tile must be uploaded again
   */
  reserve(count: number): boolean {
    const free = this.#layers * cellsPerLayer - this.#places.size
    if (count <= free) return true
    const gl = this.#gl
    const needed = Math.ceil((this.#places.size + count) / cellsPerLayer)
    const limit = Number(gl.getParameter(gl.MAX_ARRAY_TEXTURE_LAYERS))
    gl.deleteTexture(this.#tiles)
    this.#allocateLayers(Math.min(limit, Math.max(needed, this.#layers * 2)))
    return false
  }

  hasMaskTile(x: number, y: number): boolean {
    return this.#places.has(y * this.#columns + x)
  }

  /** Uploads `rect` (pixels of the tile) of a mask tile; a tile that is new is uploaded whole. */
  uploadMaskTile(x: number, y: number, slots: SlotTile, rect: Rect): void {
    const gl = this.#gl
    const key = y * this.#columns + x
    let place = this.#places.get(key)
    let part = rect
    if (place === undefined) {
      place = this.#freePlaces.pop()
      if (place === undefined) return
      this.#places.set(key, place)
      this.#setIndex(x, y, place + 1)
      part = { left: 0, top: 0, right: tileSize, bottom: tileSize }
    }
    const cell = place % cellsPerLayer
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, this.#tiles)
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
    gl.pixelStorei(gl.UNPACK_ROW_LENGTH, tileSize)
    // Else the height of the rectangle is taken for that of the tile, and skipping rows is an error.
    gl.pixelStorei(gl.UNPACK_IMAGE_HEIGHT, tileSize)
    gl.pixelStorei(gl.UNPACK_SKIP_PIXELS, part.left)
    gl.pixelStorei(gl.UNPACK_SKIP_ROWS, part.top)
    gl.texSubImage3D(
      gl.TEXTURE_2D_ARRAY,
      0,
      (cell % cellsAcross) * tileSize + part.left,
      Math.floor(cell / cellsAcross) * tileSize + part.top,
      Math.floor(place / cellsPerLayer),
      part.right - part.left,
      part.bottom - part.top,
      1,
      gl.RED_INTEGER,
      this.#wide ? gl.UNSIGNED_SHORT : gl.UNSIGNED_BYTE,
      slots,
    )
    this.#plainUnpacking()
  }

  removeMaskTile(x: number, y: number): void {
    const key = y * this.#columns + x
    const place = this.#places.get(key)
    if (place === undefined) return
    this.#places.delete(key)
    this.#freePlaces.push(place)
    this.#setIndex(x, y, 0)
  }

  /** @param entries red, green, blue, `paletteFlags` per slot; a multiple of `paletteWidth` entries */
  setPalette(entries: Uint8Array): void {
    const gl = this.#gl
    gl.bindTexture(gl.TEXTURE_2D, this.#palette)
    this.#nearest(gl.TEXTURE_2D)
    this.#plainUnpacking()
    const rows = entries.length / 4 / paletteWidth
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8UI, paletteWidth, rows, 0, gl.RGBA_INTEGER, gl.UNSIGNED_BYTE, entries)
  }

  /** Deletes the textures of image tiles that are no longer kept. */
  pruneImageTiles(isKept: (key: string) => boolean): void {
    for (const [key, texture] of this.#imageTextures) {
      if (isKept(key)) continue
      this.#gl.deleteTexture(texture)
      this.#imageTextures.delete(key)
    }
  }

  draw(frame: Frame): void {
    const gl = this.#gl
    gl.viewport(0, 0, frame.width, frame.height)
    gl.disable(gl.BLEND)
    // Around the image the page shows through, in the colour of its theme.
    gl.clearColor(0, 0, 0, 0)
    gl.clear(gl.COLOR_BUFFER_BIT)
    this.#drawImage(frame)
    gl.enable(gl.BLEND)
    gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA)
    if (frame.masks) this.#drawMasks(frame)
    if (frame.scale >= gridFrom) this.#drawGrid(frame)
    gl.disable(gl.BLEND)
  }

  [Symbol.dispose](): void {
    if (this.#disposed) return
    this.#disposed = true
    const gl = this.#gl
    for (const texture of this.#imageTextures.values()) gl.deleteTexture(texture)
    this.#imageTextures.clear()
    gl.deleteTexture(this.#index)
    gl.deleteTexture(this.#tiles)
    gl.deleteTexture(this.#palette)
    gl.deleteSampler(this.#sharp)
    gl.deleteSampler(this.#smooth)
    gl.deleteProgram(this.#image.program)
    gl.deleteProgram(this.#mask.program)
    gl.deleteProgram(this.#grid.program)
  }

  #drawImage(frame: Frame): void {
    const gl = this.#gl
    gl.useProgram(this.#image.program)
    gl.activeTexture(gl.TEXTURE0)
    gl.uniform1i(this.#image.uniform('uImage'), 0)
    for (const tile of frame.tiles) {
      gl.bindTexture(gl.TEXTURE_2D, this.#imageTextures.get(tile.key) ?? this.#uploadImageTile(tile))
      // From 100 % on, single pixels are squares with sharp edges.
      const pixelsPerTexel = (frame.scale * (tile.covers.right - tile.covers.left)) / tile.width
      gl.bindSampler(0, pixelsPerTexel >= 1 && tile.level === 0 ? this.#sharp : this.#smooth)
      this.#quad(this.#image, frame, tile.covers)
    }
    gl.bindSampler(0, null)
  }

  /** One rectangle per mask tile in view: what has no masks costs nothing. */
  #drawMasks(frame: Frame): void {
    const gl = this.#gl
    const { uniform, program } = this.#mask
    gl.useProgram(program)
    gl.activeTexture(gl.TEXTURE1)
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, this.#tiles)
    gl.activeTexture(gl.TEXTURE2)
    gl.bindTexture(gl.TEXTURE_2D, this.#palette)
    gl.activeTexture(gl.TEXTURE0)
    gl.bindTexture(gl.TEXTURE_2D, this.#index)
    gl.uniform1i(uniform('uIndex'), 0)
    gl.uniform1i(uniform('uTiles'), 1)
    gl.uniform1i(uniform('uPalette'), 2)
    gl.uniform2i(uniform('uSize'), frame.image.width, frame.image.height)
    this.#placeFrame(this.#mask, frame)
    gl.uniform1f(uniform('uOpacity'), frame.opacity)
    for (const [key, place] of this.#places) {
      const x = key % this.#columns
      const y = Math.floor(key / this.#columns)
      const cell = place % cellsPerLayer
      gl.uniform2i(uniform('uTile'), x, y)
      gl.uniform3i(
        uniform('uCell'),
        (cell % cellsAcross) * tileSize,
        Math.floor(cell / cellsAcross) * tileSize,
        Math.floor(place / cellsPerLayer),
      )
      this.#quad(this.#mask, frame, {
        left: x * tileSize,
        top: y * tileSize,
        right: Math.min((x + 1) * tileSize, frame.image.width),
        bottom: Math.min((y + 1) * tileSize, frame.image.height),
      })
    }
  }

  #drawGrid(frame: Frame): void {
    this.#gl.useProgram(this.#grid.program)
    this.#placeFrame(this.#grid, frame)
    this.#quad(this.#grid, frame, { left: 0, top: 0, right: frame.image.width, bottom: frame.image.height })
  }

  /** From device pixels to image pixels in a fragment shader. */
  #placeFrame({ uniform }: Program, frame: Frame): void {
    const gl = this.#gl
    gl.uniform2f(uniform('uOffset'), frame.offsetX, frame.offsetY)
    gl.uniform1f(uniform('uScale'), frame.scale)
    gl.uniform1f(uniform('uHeight'), frame.height)
    gl.uniform1f(uniform('uRatio'), frame.devicePixelRatio)
  }

  /** @param rect displayed image pixels */
  #quad(program: Program, frame: Frame, rect: Rect): void {
    const gl = this.#gl
    const clipX = (x: number) => ((x * frame.scale + frame.offsetX) / frame.width) * 2 - 1
    const clipY = (y: number) => 1 - ((y * frame.scale + frame.offsetY) / frame.height) * 2
    gl.uniform4f(program.uniform('uRect'), clipX(rect.left), clipY(rect.top), clipX(rect.right), clipY(rect.bottom))
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4)
  }

  #uploadImageTile(tile: ImageTile): WebGLTexture {
    const gl = this.#gl
    const texture = this.#createTexture()
    gl.bindTexture(gl.TEXTURE_2D, texture)
    this.#plainUnpacking()
    gl.texStorage2D(gl.TEXTURE_2D, 1, gl.RGB8, tile.width, tile.height)
    gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, tile.width, tile.height, gl.RGB, gl.UNSIGNED_BYTE, tile.bytes)
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE)
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE)
    this.#imageTextures.set(tile.key, texture)
    return texture
  }

  #allocateLayers(layers: number): void {
    const gl = this.#gl
    for (const key of this.#places.keys()) this.#setIndex(key % this.#columns, Math.floor(key / this.#columns), 0)
    this.#places.clear()
    this.#freePlaces.length = 0
    for (let place = layers * cellsPerLayer - 1; place >= 0; place--) this.#freePlaces.push(place)
    this.#layers = layers
    this.#tiles = this.#createTexture()
    gl.bindTexture(gl.TEXTURE_2D_ARRAY, this.#tiles)
    this.#nearest(gl.TEXTURE_2D_ARRAY)
    const side = cellsAcross * tileSize
    gl.texStorage3D(gl.TEXTURE_2D_ARRAY, 1, this.#wide ? gl.R16UI : gl.R8UI, side, side, layers)
  }

  #forgetMasks(): void {
    this.#index = null
    this.#tiles = null
    this.#layers = 0
    this.#columns = 0
    this.#rows = 0
    this.#places.clear()
    this.#freePlaces.length = 0
  }

  #setIndex(x: number, y: number, value: number): void {
    const gl = this.#gl
    if (x >= this.#columns || y >= this.#rows) throw new RangeError(`Mask tile ${x}, ${y} lies outside the image`)
    gl.bindTexture(gl.TEXTURE_2D, this.#index)
    this.#plainUnpacking()
    gl.texSubImage2D(gl.TEXTURE_2D, 0, x, y, 1, 1, gl.RED_INTEGER, gl.UNSIGNED_SHORT, new Uint16Array([value]))
  }

  #plainUnpacking(): void {
    const gl = this.#gl
    gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
    gl.pixelStorei(gl.UNPACK_ROW_LENGTH, 0)
    gl.pixelStorei(gl.UNPACK_IMAGE_HEIGHT, 0)
    gl.pixelStorei(gl.UNPACK_SKIP_PIXELS, 0)
    gl.pixelStorei(gl.UNPACK_SKIP_ROWS, 0)
  }

  /** Integer textures allow nothing but NEAREST. */
  #nearest(target: number): void {
    const gl = this.#gl
    gl.texParameteri(target, gl.TEXTURE_MIN_FILTER, gl.NEAREST)
    gl.texParameteri(target, gl.TEXTURE_MAG_FILTER, gl.NEAREST)
    gl.texParameteri(target, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE)
    gl.texParameteri(target, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE)
  }

  #createTexture(): WebGLTexture {
    return this.#gl.createTexture()
  }

  #createSampler(filter: number): WebGLSampler {
    const gl = this.#gl
    const sampler = gl.createSampler()
    gl.samplerParameteri(sampler, gl.TEXTURE_MIN_FILTER, filter)
    gl.samplerParameteri(sampler, gl.TEXTURE_MAG_FILTER, filter)
    gl.samplerParameteri(sampler, gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE)
    gl.samplerParameteri(sampler, gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE)
    return sampler
  }

  #createProgram(fragmentSource: string): Program {
    const gl = this.#gl
    const program = gl.createProgram()
    const shaders = [
      this.#compile(gl.VERTEX_SHADER, quadVertexShader),
      this.#compile(gl.FRAGMENT_SHADER, fragmentSource),
    ]
    for (const shader of shaders) gl.attachShader(program, shader)
    gl.linkProgram(program)
    for (const shader of shaders) gl.deleteShader(shader)
    if (gl.getProgramParameter(program, gl.LINK_STATUS) !== true && !gl.isContextLost()) {
      throw new Error(`The shaders do not link: ${gl.getProgramInfoLog(program) ?? 'no reason given'}`)
    }
    const locations = new Map<string, WebGLUniformLocation | null>()
    return {
      program,
      uniform: (name) => {
        let location = locations.get(name)
        if (location === undefined) {
          location = gl.getUniformLocation(program, name)
          locations.set(name, location)
        }
        return location
      },
    }
  }

  #compile(kind: number, source: string): WebGLShader {
    const gl = this.#gl
    const shader = gl.createShader(kind)
    // Null only in a lost context; `rebuild` comes when it is back.
    if (shader === null) throw new Error('The graphics context is lost')
    gl.shaderSource(shader, source)
    gl.compileShader(shader)
    if (gl.getShaderParameter(shader, gl.COMPILE_STATUS) !== true && !gl.isContextLost()) {
      throw new Error(`A shader does not compile: ${gl.getShaderInfoLog(shader) ?? 'no reason given'}`)
    }
    return shader
  }
}
