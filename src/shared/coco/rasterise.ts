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

/** Column-major positions, unsorted, at which one ring switches the mask on or off. */
function ringCrossings(ring: readonly number[], width: number, height: number): number[] {
  const crossings: number[] = []
  let lastX = 0
  let lastY = 0
  let isFirst = true
  const step = (x: number, y: number): void => {
    if (x !== lastX && !isFirst) {
      // Only steps that enter or leave the middle of a pixel column count.
      const column = ((x < lastX ? x : x - 1) + 0.5) / scale - 0.5
      if (Math.floor(column) === column && column >= 0 && column <= width - 1) {
        const row = ((y < lastY ? y : lastY) + 0.5) / scale - 0.5
        crossings.push(column * height + Math.ceil(Math.min(Math.max(row, 0), height)))
      }
    }
    isFirst = false
    lastX = x
    lastY = y
  }
  const at = (index: number): number => Math.trunc(scale * (ring[index % ring.length] ?? 0) + 0.5)
  for (let i = 0; i < ring.length; i += 2) {
    const startX = at(i)
    const startY = at(i + 1)
    const endX = at(i + 2)
    const endY = at(i + 3)
    const dx = Math.abs(endX - startX)
    const dy = Math.abs(endY - startY)
    // Each edge is interpolated from its smaller end, whichever way the ring goes along it.
    const isFlipped = dx >= dy ? startX > endX : startY > endY
    const fromX = isFlipped ? endX : startX
    const fromY = isFlipped ? endY : startY
    if (dx >= dy) {
      const slope = dx === 0 ? 0 : (isFlipped ? startY - endY : endY - startY) / dx
      for (let d = 0; d <= dx; d++) {
        const t = isFlipped ? dx - d : d
        step(fromX + t, Math.trunc(fromY + slope * t + 0.5))
      }
    } else {
      const slope = (isFlipped ? startX - endX : endX - startX) / dy
      for (let d = 0; d <= dy; d++) {
        const t = isFlipped ? dy - d : d
        step(Math.trunc(fromX + slope * t + 0.5), fromY + t)
      }
    }
  }
  return crossings
}

/**
 * COCO polygons to counts, bit for bit as pycocotools does it: every list (`x, y, …` in image pixels, need
 * not be closed) by COCO's rule, then the union. Parts outside the image are cut off.
 * Throws `InvalidInput` before any work when a ring is not fit for it.
 */
export function countsFromPolygons(polygons: readonly (readonly number[])[], width: number, height: number): number[] {
  for (const ring of polygons) checkRing(ring, width, height)
  const pixels = width * height
  const starts: number[] = []
  const ends: number[] = []
  for (const ring of polygons) {
    const crossings = Float64Array.from(ringCrossings(ring, width, height)).sort()
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

/** The same as pixels. */
export function bitmapFromPolygons(polygons: readonly (readonly number[])[], width: number, height: number): Bitmap {
  return bitmapFromCounts(countsFromPolygons(polygons, width, height), width, height)
}
