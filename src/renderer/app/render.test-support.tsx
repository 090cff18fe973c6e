import { QueryClientProvider } from '@tanstack/react-query'
import type { ReactElement, ReactNode } from 'react'
import { startTranslation } from '../i18n/index.ts'
import '../ui/styles.css'
import { TooltipProvider } from '../ui/Tooltip.tsx'
import { BridgeProvider } from './bridge-context.tsx'
import type { FakeBridge } from './fake-bridge.test-support.ts'
import { createQueryClient, useEvents } from './queries.ts'

startTranslation()

function Events({ children }: { readonly children: ReactNode }): ReactNode {
  useEvents()
  return children
}

/** What the app puts around every feature, on a fake bridge, in a window of a fixed height. */
export function Surroundings(properties: { readonly fake: FakeBridge; readonly children: ReactNode }): ReactElement {
  return (
    <BridgeProvider bridge={properties.fake.bridge}>
      <QueryClientProvider client={createQueryClient()}>
        <TooltipProvider>
          <div style={{ height: 700, width: 1100, display: 'flex' }}>
            <Events>{properties.children}</Events>
          </div>
        </TooltipProvider>
      </QueryClientProvider>
    </BridgeProvider>
  )
}
