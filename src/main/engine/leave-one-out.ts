import type { Matcher } from './matcher.ts'
import { joinTokens } from './tokens.ts'
import type { WeightedTokens } from './tokens.ts'

/** Leave-one-out looks at no more supports than this, spread evenly. */
const mostLeftOut = 8

/**
 * Mean over left-out supports of the IoU between their own weights and what the matcher makes of their tokens from the
 * others', 0 to 1; null for a single support. Coarse (cells, not pixels), so only good for comparing states. It says how
 * well the supports agree: it needs no image, and no trained network takes part.
 */
export async function leaveOneOut(matcher: Matcher, parts: readonly WeightedTokens[]): Promise<number | null> {
  if (parts.length < 2) return null
  const tested = Math.min(parts.length, mostLeftOut)
  let sum = 0
  for (let i = 0; i < tested; i++) {
    const index = Math.floor((i * parts.length) / tested)
    const left = parts[index]
    if (left === undefined) continue
    const others = parts.filter((_, other) => other !== index)
    const raw = await matcher.score(left, joinTokens(others))
    let intersection = 0
    let union = 0
    raw.forEach((s, token) => {
      const fg = left.foreground[token] ?? 0
      const predicted = s > matcher.entry.recipe.threshold
      if (predicted) intersection += fg
      union += fg + (predicted ? (left.background[token] ?? 0) : 0)
    })
    sum += union === 0 ? 0 : intersection / union
  }
  return sum / tested
}
