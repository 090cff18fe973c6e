/*
 * Rule as in COCO API (`rleFrPoly`), Copyright 2014 Piotr Dollar and Tsung-Yi Lin, BSD-2-Clause:
 *
 * Redistribution and use in source and binary forms, with or without modification, are permitted provided
 * that the following conditions are met:
 *
 * 1. Redistributions of source code must retain the above copyright notice, this list of conditions and the
 *    following disclaimer.
 * 2. Redistributions in binary form must reproduce the above copyright notice, this list of conditions and
 *    the following disclaimer in the documentation and/or other materials provided with the distribution.
 *
 * THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR IMPLIED
 * WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A
 * PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT OWNER OR CONTRIBUTORS BE LIABLE FOR ANY
 * DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL DAMAGES (INCLUDING, BUT NOT LIMITED TO,
 * PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION)
 * HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING
 * NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE
 * POSSIBILITY OF SUCH DAMAGE.
 */
import { AppError } from '../errors.ts'
import type { Bitmap } from '../mask/bitmap.ts'
import { bitmapFromCounts, countsFromEdges } from './rle.ts'

/** Every pixel is cut into this many steps along each axis. */
const scale = 5

/** A coordinate this many image sizes away is damage, not an object at the border. */
const farthest = 10

/**
 * Throws `InvalidInput` unless the ring can be rasterised: an even number of values, six or more, all finite
 * and within ten image sizes. One stray value would otherwise make millions of steps.
 */
export function checkRing(ring: readonly number[], width: number, height: number): void {
  const reason = ringProblem(ring, width, height)
  if (reason !== null) throw new AppError('InvalidInput', 'polygonInvalid', reason, { params: { reason } })
}

function ringProblem(ring: readonly number[], width: number, height: number): string | null {
  if (ring.length < 6 || ring.length % 2 === 1) {
    return `A polygon has ${ring.length} values: it needs an even number, 6 or more.`
  }
  for (let i = 0; i < ring.length; i++) {
    const value = ring[i] ?? NaN
    if (!Number.isFinite(value)) return `A polygon holds ${value}, which is not a number.`
    const size = i % 2 === 0 ? width : height
    if (Math.abs(value) > farthest * size) {
      return `A polygon reaches ${value}, more than ${farthest} image sizes away.`
    }
  }
  return null
}

/**
 * Column-major positions, unsorted, at which one ring switches the mask on or off.
 *
 * The rule goes along every edge in steps of a fifth of a pixel, and what counts are the steps that enter or leave the
 * middle fifth of a pixel column from its left: those between 5c + 2 and 5c + 3. So only those are worked out here.
 */
function ringCrossings(ring: readonly number[], width: number, height: number): Float64Array<ArrayBuffer> {
  let crossings = new Float64Array(256)
  let count = 0
  const cross = (column: number, y: number): void => {
    if (count === crossings.length) {
      const longer = new Float64Array(count * 4)
      longer.set(crossings)
      crossings = longer
    }
    const row = (y + 0.5) / scale - 0.5
    crossings[count++] = column * height + Math.ceil(Math.min(Math.max(row, 0), height))
  }
  const at = (index: number): number => Math.trunc(scale * (ring[index % ring.length] ?? 0) + 0.5)
  let endX = at(0)
  let endY = at(1)
  for (let i = 2; i <= ring.length; i += 2) {
    const startX = endX
    const startY = endY
    endX = at(i)
    endY = at(i + 1)
    const firstColumn = Math.max(0, Math.ceil((Math.min(startX, endX) - 2) / scale))
    const lastColumn = Math.min(width - 1, Math.floor((Math.max(startX, endX) - 3) / scale))
    if (firstColumn > lastColumn) continue
    const dx = Math.abs(endX - startX)
    const dy = Math.abs(endY - startY)
    // Each edge is interpolated from its smaller end, whichever way the ring goes along it.
    const isFlipped = dx >= dy ? startX > endX : startY > endY
    const fromX = isFlipped ? endX : startX
    const fromY = isFlipped ? endY : startY
    if (dx >= dy) {
      const slope = (isFlipped ? startY - endY : endY - startY) / dx
      for (let column = firstColumn; column <= lastColumn; column++) {
        const t = column * scale + 2 - fromX
        cross(column, Math.min(Math.trunc(fromY + slope * t + 0.5), Math.trunc(fromY + slope * (t + 1) + 0.5)))
      }
    } else {
      const slope = (isFlipped ? startX - endX : endX - startX) / dy
      /** Whether step `t` has come to the far side of the middle of a column. */
      const isBeyond = (t: number, middle: number): boolean => {
        const x = Math.trunc(fromX + slope * t + 0.5)
        return slope > 0 ? x > middle : x < middle
      }
      for (let column = firstColumn; column <= lastColumn; column++) {
        const middle = column * scale + 2.5
        // The quotient may be a step off, by rounding.
        let t = Math.max(0, Math.floor((middle - fromX) / slope))
        while (t > 0 && isBeyond(t, middle)) t--
        while (!isBeyond(t + 1, middle)) t++
        cross(column, fromY + t)
      }
    }
  }
  return crossings.subarray(0, count)
}

/**
 * COCO polygons to counts, bit for bit as pycocotools does it: every list (`x, y, …` in image pixels, need
 * not be closed) by COCO's rule, then the union. Parts outside the image are cut off.
 * Throws `InvalidInput` before any work when a ring is not fit for it.
 */
export function countsFromPolygons(polygons: readonly (readonly number[])[], width: number, height: number): number[] {
  for (const ring of polygons) checkRing(ring, width, height)
  checkCrossings(polygons, width)
  const pixels = width * height
  const [only] = polygons
  if (only !== undefined && polygons.length === 1) {
    return countsFromEdges(ringCrossings(only, width, height).sort(), pixels)
  }
  const starts: number[] = []
  const ends: number[] = []
  for (const ring of polygons) {
    const crossings = ringCrossings(ring, width, height).sort()
    let position = 0
    countsFromEdges(crossings, pixels).forEach((count, index) => {
      if (index % 2 === 1) {
        starts.push(position)
        ends.push(position + count)
      }
      position += count
    })
  }
  const sortedStarts = Float64Array.from(starts).sort()
  const sortedEnds = Float64Array.from(ends).sort()
  const edges: number[] = []
  let closed = 0
  sortedStarts.forEach((start, opened) => {
    // Runs that ended before this start; a run that ends right here is continued.
    while ((sortedEnds[closed] ?? Infinity) < start) closed++
    if (opened === closed) {
      if (closed > 0) edges.push(sortedEnds[closed - 1] ?? 0)
      edges.push(start)
    }
  })
  const lastEnd = sortedEnds[sortedEnds.length - 1]
  if (lastEnd !== undefined) edges.push(lastEnd)
  return countsFromEdges(edges, pixels)
}

/** What all the edges of one object may cross; more is damage, which would take minutes and gigabytes. */
const mostCrossings = 25_000_000

/** Throws `InvalidInput` when the rings cross more pixel columns of the image than any object does. Each must be sound. */
function checkCrossings(polygons: readonly (readonly number[])[], width: number): void {
  let crossed = 0
  for (const ring of polygons) {
    let before = ring[ring.length - 2] ?? 0
    for (let i = 0; i < ring.length; i += 2) {
      const x = Math.min(Math.max(ring[i] ?? 0, 0), width)
      crossed += Math.abs(x - Math.min(Math.max(before, 0), width))
      before = x
    }
  }
  if (crossed <= mostCrossings) return
  const reason = `A polygon crosses ${Math.round(crossed)} columns of pixels, more than the ${mostCrossings} that are filled. Write it with fewer corners.`
  throw new AppError('InvalidInput', 'polygonInvalid', reason, { params: { reason } })
}

/** The same as pixels. */
export function bitmapFromPolygons(polygons: readonly (readonly number[])[], width: number, height: number): Bitmap {
  return bitmapFromCounts(countsFromPolygons(polygons, width, height), width, height)
}
