/**
 * The fast guided filter with a colour guide: He, Sun, Tang, "Guided Image Filtering", TPAMI 2013
 * (equations 14 to 16), with the coefficients computed on a subsampled guide (He, Sun, "Fast Guided
 * Filter", arXiv 1505.00996). Within a window the output is a linear function of the guide's colour, so
 * edges of the photograph become edges of the output.
 *
 * Pixel centres lie at half-integer positions everywhere; the coarse grid covers the guide edge to edge.
 */

/** 8-bit RGB, row by row, no padding. */
interface Photograph {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

export interface GuideOptions {
  /** Coefficients are computed on blocks of this many by this many guide pixels. 1: the plain guided filter. */
  readonly subsampling: number
  /** Half the side of the window, in coarse pixels: a window has `2 * radius + 1` of them a side. */
  readonly radius: number
  /** Regularisation: variances of the guide (colours 0 to 1) far below it count as flat. */
  readonly epsilon: number
}

/** What the filter needs of a guide, computed once and used for every input. */
export interface PreparedGuide {
  readonly photograph: Photograph
  readonly options: GuideOptions
  /** Size of the coarse grid. */
  readonly width: number
  readonly height: number
  /** Coarse guide, colours 0 to 1. */
  readonly colours: readonly [Float32Array, Float32Array, Float32Array]
  readonly means: readonly [Float32Array, Float32Array, Float32Array]
  /** Inverse of covariance + epsilon: entries rr, rg, rb, gg, gb, bb. */
  readonly inverses: readonly [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array]
}

/** The linear functions of one input: output = r * R + g * G + b * B + offset, one set a coarse pixel. */
export interface GuidedCoefficients {
  readonly guide: PreparedGuide
  readonly planes: readonly [Float32Array, Float32Array, Float32Array, Float32Array]
}

/** Computes the statistics of a guide. */
export function prepareGuide(photograph: Photograph, options: GuideOptions): PreparedGuide {
  const { subsampling, radius, epsilon } = options
  const width = Math.ceil(photograph.width / subsampling)
  const height = Math.ceil(photograph.height / subsampling)
  const [r, g, b] = blockMeans(photograph, subsampling, width, height)
  const mean = (values: Float32Array): Float32Array => boxMean(values, width, height, radius)
  const meanR = mean(r)
  const meanG = mean(g)
  const meanB = mean(b)
  const rr = mean(product(r, r))
  const rg = mean(product(r, g))
  const rb = mean(product(r, b))
  const gg = mean(product(g, g))
  const gb = mean(product(g, b))
  const bb = mean(product(b, b))
  for (let i = 0; i < rr.length; i++) {
    const mr = meanR[i] ?? 0
    const mg = meanG[i] ?? 0
    const mb = meanB[i] ?? 0
    const crr = (rr[i] ?? 0) - mr * mr + epsilon
    const crg = (rg[i] ?? 0) - mr * mg
    const crb = (rb[i] ?? 0) - mr * mb
    const cgg = (gg[i] ?? 0) - mg * mg + epsilon
    const cgb = (gb[i] ?? 0) - mg * mb
    const cbb = (bb[i] ?? 0) - mb * mb + epsilon
    // Inverse of the symmetric 3 x 3 matrix by its cofactors, in place of the products.
    const irr = cgg * cbb - cgb * cgb
    const irg = crb * cgb - crg * cbb
    const irb = crg * cgb - crb * cgg
    const determinant = crr * irr + crg * irg + crb * irb
    rr[i] = irr / determinant
    rg[i] = irg / determinant
    rb[i] = irb / determinant
    gg[i] = (crr * cbb - crb * crb) / determinant
    gb[i] = (crg * crb - crr * cgb) / determinant
    bb[i] = (crr * cgg - crg * crg) / determinant
  }
  return {
    photograph,
    options,
    width,
    height,
    colours: [r, g, b],
    means: [meanR, meanG, meanB],
    inverses: [rr, rg, rb, gg, gb, bb],
  }
}

/**
 * Fits the linear functions to an input: a map of `inputWidth` x `inputHeight` values that covers the
 * guide edge to edge and is sampled bilinearly at the centres of the coarse pixels.
 */
export function guidedCoefficients(
  guide: PreparedGuide,
  input: Float32Array,
  inputWidth: number,
  inputHeight: number,
): GuidedCoefficients {
  const { width, height, colours, means, inverses, options } = guide
  const { radius, subsampling } = options
  const p = new Float32Array(width * height)
  // Coarse pixels at the right and lower border may reach over the guide, hence its true size here.
  const columns = samplePositions(width, guide.photograph.width / subsampling, inputWidth)
  const rows = samplePositions(height, guide.photograph.height / subsampling, inputHeight)
  for (let y = 0; y < height; y++) interpolateRow(input, inputWidth, rows, y, columns, p.subarray(y * width))
  const mean = (values: Float32Array): Float32Array => boxMean(values, width, height, radius)
  const [r, g, b] = colours
  const [meanR, meanG, meanB] = means
  const [rr, rg, rb, gg, gb, bb] = inverses
  const meanP = mean(p)
  const covR = mean(product(r, p))
  const covG = mean(product(g, p))
  const covB = mean(product(b, p))
  for (let i = 0; i < meanP.length; i++) {
    const mp = meanP[i] ?? 0
    const mr = meanR[i] ?? 0
    const mg = meanG[i] ?? 0
    const mb = meanB[i] ?? 0
    const cr = (covR[i] ?? 0) - mr * mp
    const cg = (covG[i] ?? 0) - mg * mp
    const cb = (covB[i] ?? 0) - mb * mp
    const ar = (rr[i] ?? 0) * cr + (rg[i] ?? 0) * cg + (rb[i] ?? 0) * cb
    const ag = (rg[i] ?? 0) * cr + (gg[i] ?? 0) * cg + (gb[i] ?? 0) * cb
    const ab = (rb[i] ?? 0) * cr + (gb[i] ?? 0) * cg + (bb[i] ?? 0) * cb
    covR[i] = ar
    covG[i] = ag
    covB[i] = ab
    meanP[i] = mp - ar * mr - ag * mg - ab * mb
  }
  return { guide, planes: [mean(covR), mean(covG), mean(covB), mean(meanP)] }
}

/** Writes output row `y` (guide pixels, 0 to 1) to `out`, which holds at least the guide's width. */
export type GuidedRows = (y: number, out: Float32Array) => void

/** The filter's output at guide resolution, row by row in any order, so that no full-size map is ever held. */
export function guidedRows(coefficients: GuidedCoefficients): GuidedRows {
  const { guide, planes } = coefficients
  const { photograph, width: coarseWidth, height: coarseHeight, options } = guide
  const { width, height, data } = photograph
  // The coarse grid is `subsampling` times as large, which may be a little more than the guide.
  const columns = samplePositions(width, coarseWidth * options.subsampling, coarseWidth)
  const rows = samplePositions(height, coarseHeight * options.subsampling, coarseHeight)
  const [r, g, b, offset] = planes.map(() => new Float32Array(coarseWidth)) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ]
  return (y, out) => {
    blendRows(planes[0], coarseWidth, rows, y, r)
    blendRows(planes[1], coarseWidth, rows, y, g)
    blendRows(planes[2], coarseWidth, rows, y, b)
    blendRows(planes[3], coarseWidth, rows, y, offset)
    for (let x = 0, at = y * width * 3; x < width; x++, at += 3) {
      const left = columns.first[x] ?? 0
      const right = columns.second[x] ?? 0
      const share = columns.share[x] ?? 0
      const rest = 1 - share
      const value =
        ((r[left] ?? 0) * rest + (r[right] ?? 0) * share) * ((data[at] ?? 0) / 255) +
        ((g[left] ?? 0) * rest + (g[right] ?? 0) * share) * ((data[at + 1] ?? 0) / 255) +
        ((b[left] ?? 0) * rest + (b[right] ?? 0) * share) * ((data[at + 2] ?? 0) / 255) +
        (offset[left] ?? 0) * rest +
        (offset[right] ?? 0) * share
      out[x] = value < 0 ? 0 : value > 1 ? 1 : value
    }
  }
}

/** Where each of `count` sample points lies between two neighbours of a coarser or finer line. */
export interface SamplePositions {
  readonly first: Int32Array
  readonly second: Int32Array
  /** Weight of `second`; `first` has the rest. */
  readonly share: Float32Array
}

/**
 * Bilinear sampling along one axis: sample i of `count` has its centre at `(i + 0.5) / whole` of the axis
 * (0 to 1), entry j of the `size` source entries at `(j + 0.5) / size`; outside the outermost centres the
 * border entry holds. `whole` may differ from `count` where samples end before or after the axis does.
 */
export function samplePositions(count: number, whole: number, size: number): SamplePositions {
  const first = new Int32Array(count)
  const second = new Int32Array(count)
  const share = new Float32Array(count)
  for (let i = 0; i < count; i++) {
    const position = Math.min(Math.max(((i + 0.5) * size) / whole - 0.5, 0), size - 1)
    const below = Math.min(Math.floor(position), Math.max(size - 2, 0))
    first[i] = below
    second[i] = Math.min(below + 1, size - 1)
    share[i] = position - below
  }
  return { first, second, share }
}

/** Row `y` of the samples, still at the source's horizontal resolution. */
function blendRows(source: Float32Array, width: number, rows: SamplePositions, y: number, out: Float32Array): void {
  const upper = (rows.first[y] ?? 0) * width
  const lower = (rows.second[y] ?? 0) * width
  const share = rows.share[y] ?? 0
  const rest = 1 - share
  for (let x = 0; x < width; x++) out[x] = (source[upper + x] ?? 0) * rest + (source[lower + x] ?? 0) * share
}

function interpolateRow(
  source: Float32Array,
  width: number,
  rows: SamplePositions,
  y: number,
  columns: SamplePositions,
  out: Float32Array,
): void {
  const blended = new Float32Array(width)
  blendRows(source, width, rows, y, blended)
  for (let x = 0; x < columns.first.length; x++) {
    const share = columns.share[x] ?? 0
    out[x] = (blended[columns.first[x] ?? 0] ?? 0) * (1 - share) + (blended[columns.second[x] ?? 0] ?? 0) * share
  }
}

/** Area average of the photograph over blocks, as three planes with colours 0 to 1. */
function blockMeans(
  photograph: Photograph,
  block: number,
  width: number,
  height: number,
): [Float32Array, Float32Array, Float32Array] {
  const planes: [Float32Array, Float32Array, Float32Array] = [
    new Float32Array(width * height),
    new Float32Array(width * height),
    new Float32Array(width * height),
  ]
  const [r, g, b] = planes
  const counts = new Float32Array(width * height)
  for (let y = 0, at = 0; y < photograph.height; y++) {
    const base = Math.floor(y / block) * width
    for (let x = 0; x < photograph.width; x++, at += 3) {
      const cell = base + Math.floor(x / block)
      r[cell] = (r[cell] ?? 0) + (photograph.data[at] ?? 0)
      g[cell] = (g[cell] ?? 0) + (photograph.data[at + 1] ?? 0)
      b[cell] = (b[cell] ?? 0) + (photograph.data[at + 2] ?? 0)
      counts[cell] = (counts[cell] ?? 0) + 1
    }
  }
  for (const plane of planes) {
    for (let cell = 0; cell < plane.length; cell++) plane[cell] = (plane[cell] ?? 0) / ((counts[cell] ?? 1) * 255)
  }
  return planes
}

function product(a: Float32Array, b: Float32Array): Float32Array {
  const result = new Float32Array(a.length)
  for (let i = 0; i < a.length; i++) result[i] = (a[i] ?? 0) * (b[i] ?? 0)
  return result
}

/** Mean over windows of `2 * radius + 1` a side, cut off at the borders; time independent of the radius. */
function boxMean(values: Float32Array, width: number, height: number, radius: number): Float32Array {
  const rowMeans = new Float32Array(width * height)
  const perColumn = windowShares(width, radius)
  for (let y = 0; y < height; y++) {
    const base = y * width
    let sum = 0
    for (let x = 0; x < Math.min(radius, width); x++) sum += values[base + x] ?? 0
    for (let x = 0; x < width; x++) {
      if (x + radius < width) sum += values[base + x + radius] ?? 0
      if (x > radius) sum -= values[base + x - radius - 1] ?? 0
      rowMeans[base + x] = sum * (perColumn[x] ?? 0)
    }
  }
  const result = new Float32Array(width * height)
  const perRow = windowShares(height, radius)
  const sums = new Float64Array(width)
  const none = new Float32Array(width)
  const row = (y: number): Float32Array => (y >= 0 && y < height ? rowMeans.subarray(y * width, (y + 1) * width) : none)
  for (let y = 0; y < Math.min(radius, height); y++) slide(sums, row(y), none, 0, none)
  for (let y = 0; y < height; y++) {
    slide(sums, row(y + radius), row(y - radius - 1), perRow[y] ?? 0, result.subarray(y * width, (y + 1) * width))
  }
  return result
}

/** One over the number of entries in the window around each of `size` entries. */
function windowShares(size: number, radius: number): Float64Array {
  return Float64Array.from(
    { length: size },
    (_, i) => 1 / (Math.min(i + radius, size - 1) - Math.max(i - radius, 0) + 1),
  )
}

/** Moves the column sums down by a row and writes their shares. */
function slide(
  sums: Float64Array,
  entering: Float32Array,
  leaving: Float32Array,
  share: number,
  out: Float32Array,
): void {
  for (let x = 0; x < sums.length; x++) {
    const sum = (sums[x] ?? 0) + (entering[x] ?? 0) - (leaving[x] ?? 0)
    sums[x] = sum
    out[x] = sum * share
  }
}
