import { createContext, useContext } from 'react'
import type { ReactElement, ReactNode } from 'react'
import type { Bridge } from '../../shared/contract/contract.ts'

const BridgeContext = createContext<Bridge | null>(null)

/** Gives the page its only way to the Node side. */
export function BridgeProvider(properties: { readonly bridge: Bridge; readonly children: ReactNode }): ReactElement {
  return <BridgeContext value={properties.bridge}>{properties.children}</BridgeContext>
}

export function useBridge(): Bridge {
  const bridge = useContext(BridgeContext)
  if (bridge === null) throw new Error('useBridge needs a BridgeProvider above it')
  return bridge
}
