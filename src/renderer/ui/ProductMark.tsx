import type { ReactElement } from 'react'

/**
 * The product's sign: an example, filled, and around it what it finds, dashed as proposals are. The same drawing is the
 * icon of the window and of the packed program.
 */
export function ProductMark({ size }: { readonly size: number }): ReactElement {
  return <img src={drawing} alt="" width={size} height={size} draggable={false} className="shrink-0" />
}

const drawing = new URL('../../../build/icon.svg', import.meta.url).href
