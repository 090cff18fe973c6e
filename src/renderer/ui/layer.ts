import { createContext } from 'react'

/**
 * Where floating parts go: the page, or the modal dialog they belong to, since a modal dialog covers
 * and disables everything outside itself.
 */
export const LayerContext = createContext<HTMLElement | null>(null)
