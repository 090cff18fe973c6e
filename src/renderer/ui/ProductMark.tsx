import type { ReactElement } from 'react'

/**
 * The product's sign: one filled shape, the example, and the same shape found again, dashed as proposals are.
 * `build/icon.svg` is the same drawing on its tile.
 */
export function ProductMark({ size }: { readonly size: number }): ReactElement {
  return (
    <svg aria-hidden width={size} height={size} viewBox="0 0 32 32" className="shrink-0" data-swatch>
      <rect width="32" height="32" rx="7.5" fill="#0e2a45" />
      <path d="M17.6 5.6h5.6a3.2 3.2 0 0 1 3.2 3.2v5.6" {...dashed} />
      <path d="M26.4 17.4v.4a3.2 3.2 0 0 1-3.2 3.2h-.4" {...dashed} />
      <path d="M11 9.2v-.4a3.2 3.2 0 0 1 3.2-3.2h.6" {...dashed} />
      <rect x="5.6" y="11" width="15.4" height="15.4" rx="3.2" fill="#62b4f7" />
    </svg>
  )
}

const dashed = { fill: 'none', stroke: '#9fd3ff', strokeWidth: 2.2, strokeLinecap: 'round' } as const
