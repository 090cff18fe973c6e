import { QueryClientProvider } from '@tanstack/react-query'
import type { QueryClient } from '@tanstack/react-query'
import { useEffect } from 'react'
import type { ReactElement } from 'react'
import type { Bridge } from '../../shared/contract/contract.ts'
import { WelcomeScreen } from '../features/welcome/WelcomeScreen.tsx'
import { TooltipProvider } from '../ui/Tooltip.tsx'
import { AppCommands } from './AppCommands.tsx'
import { BridgeProvider, useBridge } from './bridge-context.tsx'
import { setCommandFailureHandler } from './commands.ts'
import { ConnectionBanner } from './ConnectionBanner.tsx'
import { useFileDrop } from './file-drop.tsx'
import { startKeyboard } from './keyboard.ts'
import { notifyError } from './notify-error.ts'
import { keepPreferences } from './preferences.ts'
import { ProjectFrame } from './ProjectFrame.tsx'
import { useEvents } from './queries.ts'
import { openProject, useSession } from './session.ts'
import { startSample } from './start-sample.ts'
import { Toasts } from './Toasts.tsx'

/** The window: providers, what is always there, and the screen of the moment. */
export function App(properties: { readonly bridge: Bridge; readonly client: QueryClient }): ReactElement {
  return (
    <BridgeProvider bridge={properties.bridge}>
      <QueryClientProvider client={properties.client}>
        <TooltipProvider delayDuration={500}>
          <Window />
        </TooltipProvider>
      </QueryClientProvider>
    </BridgeProvider>
  )
}

function Window(): ReactElement {
  const projectId = useSession((state) => state.projectId)
  const bridge = useBridge()
  useEvents()
  // A file dropped where nothing takes it must not replace the page.
  useFileDrop(null)
  useEffect(() => keepPreferences(bridge, notifyError), [bridge])
  useEffect(() => {
    setCommandFailureHandler(notifyError)
    return startKeyboard(window)
  }, [])
  useEffect(() => bridge.app.projectOpened((event) => openProject(event.projectId)), [bridge])
  return (
    <div className="flex h-full flex-col">
      <ConnectionBanner />
      {/* First among siblings: screens register later, so their commands win over these. */}
      <AppCommands />
      <div className="min-h-0 flex-1">
        {projectId === null ? (
          <WelcomeScreen onSample={startSample} />
        ) : (
          <ProjectFrame key={projectId} projectId={projectId} />
        )}
      </div>
      <Toasts />
    </div>
  )
}
